#include "hpcai/data/nr_surrogate.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>

#include "support.h"

using namespace hpcai;
using namespace hpcai::data;
using test::thrown_by;
using Values = std::vector<std::complex<double>>;

namespace {

std::complex<double> h22(const NrSurrogate& surrogate, double q, double time) {
  const auto basis = surrogate.basis_at({time});
  const Values amplitudes = surrogate.amplitudes(q);
  std::complex<double> sum = 0;
  for (size_t j = 0; j < amplitudes.size(); ++j) sum += amplitudes[j] * basis[j][0];
  return sum;
}

// A surrogate of two nodes and five times: B_0 = 1, B_1 = t.
void write_surrogate(const std::filesystem::path& path, const std::string& change = "") {
  H5::H5File file(path.string(), H5F_ACC_TRUNC);
  const auto& number = H5::PredType::NATIVE_DOUBLE;
  std::vector<double> times = {-2, -1, 0, 1, 2};
  if (change == "times") times[2] = -1;
  test::write_array(file, "times", {5}, times, number);
  test::write_array(file, "fitparams_amp", {2, 3}, {1, 0, 1, 0, 2, 1}, number);
  const double b = change == "nan" ? std::nan("") : 0;
  if (change != "phase") test::write_array(file, "fitparams_phase", {2, 4}, {b, 0, 0, 0, 0, 2, 0, 0}, number);
  if (change == "real") return test::write_array(file, "B", {2, 5}, std::vector<double>(10, 1), number);
  H5::CompType complex(size_t{16});
  complex.insertMember("r", 0, number);
  complex.insertMember("i", 8, number);
  const hsize_t shape[] = {2, change == "length" ? hsize_t{4} : hsize_t{5}};
  const std::vector<double> values = {1, 0, 1, 0, 1, 0, 1, 0, 1, 0, -2, 0, -1, 0, 0, 0, 1, 0, 2, 0};
  file.createDataSet("B", complex, H5::DataSpace(2, shape)).write(values.data(), complex);
}

}  // namespace

TEST_CASE("a surrogate is the sum of its nodes") {
  const test::TemporaryFolder folder;
  write_surrogate(folder / "s.h5");
  const NrSurrogate surrogate((folder / "s.h5").string());
  CHECK(surrogate.first_time() == -2);
  CHECK(surrogate.last_time() == 2);
  const double nu = 3.0 / 16;  // of q = 3: the nodes are 1 and 2 nu exp(2 i nu)
  CHECK(std::abs(h22(surrogate, 3, 0.5) - (1.0 + 0.5 * std::polar(2 * nu, 2 * nu))) < 1e-15);
}

TEST_CASE("the real surrogate has the values that were computed from the file independently") {
  const auto path = test::real_data("nr/NR22-A22.h5");
  if (path.empty()) return;
  const NrSurrogate surrogate(path.string());
  CHECK(surrogate.first_time() == Approx(-2750));
  CHECK(surrogate.last_time() == Approx(100));
  // shared/realdata/README.md: q and |h22| at -2000, -100 and 0 M
  const std::vector<std::array<double, 4>> table = {{1, 0.11355662, 0.22631416, 0.39256228},
                                                    {1.5, 0.10951263, 0.21686050, 0.37513897},
                                                    {3, 0.08918029, 0.17075714, 0.28577709},
                                                    {8, 0.05213385, 0.09211167, 0.14476778}};
  for (const auto& [q, early, late, peak] : table) {
    CHECK(std::abs(h22(surrogate, q, -2000)) == Approx(early).margin(2e-8));
    CHECK(std::abs(h22(surrogate, q, -100)) == Approx(late).margin(2e-8));
    CHECK(std::abs(h22(surrogate, q, 0)) == Approx(peak).margin(2e-8));
  }
  // The phase decreases; 20 M after the peak its frequency is 0.532 / M for q = 1.
  const double turn = std::arg(h22(surrogate, 1, 20.05) / h22(surrogate, 1, 19.95));
  CHECK(turn / 0.1 == Approx(-0.532).epsilon(0.005));
}

TEST_CASE("mass ratios and times outside the surrogate are refused") {
  const test::TemporaryFolder folder;
  write_surrogate(folder / "s.h5");
  const NrSurrogate surrogate((folder / "s.h5").string());
  for (const double q : {0.9, 10.1, std::nan("")}) {
    const auto thrown = thrown_by([&] { surrogate.amplitudes(q); });
    CHECK(thrown.code == ExitCode::usage);
    CHECK_THAT(thrown.what, Catch::Contains("lies outside 1 to 10"));
  }
  for (const double time : {-2.1, 2.1, std::nan("")}) {
    const auto thrown = thrown_by([&] { surrogate.basis_at({0, time}); });
    CHECK(thrown.code == ExitCode::usage);
    CHECK_THAT(thrown.what, Catch::Contains("reach from -2 to 2 M"));
  }
}

TEST_CASE("damaged surrogates are refused with their data set") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "s.h5").string();
  CHECK(thrown_by([&] { NrSurrogate{path}; }).code == ExitCode::missing_input);
  const std::vector<std::array<std::string, 2>> cases = {
      {"times", ", data set times: does not rise"},
      {"nan", ", data set fitparams_phase: holds a value that is not finite"},
      {"phase", ": has no data set fitparams_phase; there is B, fitparams_amp, times"},
      {"real", ", data set B: its values are float64, expected complex numbers"},
      {"length", ", data set times: its shape does not fit to the other data sets"}};
  for (const auto& [change, what] : cases) {
    write_surrogate(path, change);
    const auto thrown = thrown_by([&] { NrSurrogate{path}; });
    CHECK(thrown.code == ExitCode::bad_data);
    CHECK(thrown.what == path + what);
  }
}
