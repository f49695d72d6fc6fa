#include "hpcai/data/strain/spectrum_file.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>

#include "../support.h"

using namespace hpcai;
using namespace hpcai::data;
using test::thrown_by;

namespace {

constexpr SpectrumBand kBand{20, 40, 5};

std::filesystem::path write(const test::TemporaryFolder& folder, const std::string& text) {
  std::ofstream(folder / "psd.txt") << text;
  return folder / "psd.txt";
}

}  // namespace

TEST_CASE("spectra are read with blanks or commas, comments and names of columns") {
  const test::TemporaryFolder folder;
  const std::vector<double> expected = {1e-44, 1e-44, 1e-44, 1e-44, 1e-44, 2e-45, 1e-45, 3e-45, 4e-45};
  for (const char* text : {"20 1e-44\n25 2e-45\n30 1e-45\n35 3e-45\n40 4e-45\n",
                           "# made\nfrequency,psd\r\n20, 1e-44\r\n25,2e-45\r\n30,1e-45\r\n35,3e-45\r\n40,4e-45",
                           "% x\n 10\tinf\n 20\t1e-44\n25 +2e-45\n\n+30 1E-45\n35 3e-45\n40 4e-45\n50 0\n"}) {
    INFO(text);
    const auto spectrum = read_spectrum(write(folder, text), SpectrumKind::power, kBand);
    CHECK(spectrum.step_hz == 5);
    REQUIRE(spectrum.density.size() == 9);
    for (size_t k = 0; k < 9; ++k) CHECK(spectrum.density[k] == Approx(expected[k]).epsilon(1e-12));
  }
}

TEST_CASE("amplitudes are squared, and uneven rows are interpolated in power") {
  const test::TemporaryFolder folder;
  const auto path = write(folder, "19 1e-22\n28 1e-23\n29 2e-23\n41 8e-23\n");
  const auto spectrum = read_spectrum(path, SpectrumKind::amplitude, kBand);
  CHECK(spectrum.density[4] == Approx(1e-44 * 8 / 9 + 1e-46 / 9));
  CHECK(spectrum.density[6] == Approx(9e-46));
  CHECK(spectrum.density[0] == spectrum.density[4]);
}

TEST_CASE("spectra that cannot be meant are refused") {
  const test::TemporaryFolder folder;
  const auto refused = [&](const std::string& text, const std::string& reason, SpectrumKind kind = SpectrumKind::power) {
    INFO(text);
    const auto path = write(folder, text);
    const auto thrown = thrown_by([&] { read_spectrum(path, kind, kBand); });
    CHECK(thrown.code == ExitCode::bad_data);
    CHECK(thrown.what.find("psd.txt") != std::string::npos);
    CHECK(thrown.what.find(reason) != std::string::npos);
    CHECK_FALSE(thrown.remedy.empty());
  };
  refused("20 1e-44\n20 1e-44\n40 1e-44\n", ":2: the frequency 20 Hz does not rise");
  refused("20 1e-44\n30 -1e-44\n40 1e-44\n", ":2: the density at 30 Hz is -1e-44");
  refused("20 1e-44\n# x\n30 0\n40 1e-44\n", ":3: the density at 30 Hz is 0");
  refused("20 1e-44\n30 nan\n40 1e-44\n", ":2: the density at 30 Hz is nan");
  refused("20 1e-44\n30 inf\n40 1e-44\n", ":2: the density at 30 Hz is inf");
  refused("-1 1e-44\n30 1e-44\n40 1e-44\n", "negative");
  refused("20 1e-44\n39 1e-44\n", "covers 20 to 39 Hz, but 20 to 40 Hz are needed");
  refused("21 1e-44\n40 1e-44\n", "covers 21 to 40 Hz");
  refused("20 1e-44\n", "has 1 row");
  refused("", "");
  refused("# nothing\n", "has 0 rows");
  refused("20 1e-44\n30\n40 1e-44\n", ":2: '30' is not two numbers");
  refused("20 1e-44 5\n40 1e-44\n", ":1: ");
  refused("20 1e-44\nf p\n40 1e-44\n", ":2: 'f p' is not two numbers");
  refused("20 1e-22\n40 1e-22\n", "look like amplitudes");
  refused("20 1e-44\n40 1e-44\n", "look like powers", SpectrumKind::amplitude);
  CHECK(thrown_by([&] { read_spectrum(folder / "absent", SpectrumKind::power, kBand); }).code == ExitCode::missing_input);
}

TEST_CASE("the spectrum of GW150914 is read as it stands") {
  const auto folder = test::real_data("gwosc");
  if (folder.empty()) return;
  const auto spectrum = read_spectrum(folder / "GW150914_PSD_H1.txt", SpectrumKind::power, {20, 1000, 0.125});
  REQUIRE(spectrum.density.size() == 8001);
  CHECK(spectrum.density[160] == 2.738013627951380244e-44);
  CHECK(spectrum.density[8000] == 1.611620145058860063e-44);
}
