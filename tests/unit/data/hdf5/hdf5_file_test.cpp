#include "hpcai/data/hdf5/hdf5_file.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "../support.h"

using namespace hpcai;
using namespace hpcai::data;
using test::thrown_by;

namespace fs = std::filesystem;

namespace {

const H5::PredType& kStoredFloat = H5::PredType::IEEE_F32LE;

std::string hdf5_fixture(const std::string& name) { return std::string(HPCAI_SOURCE_DIR) + "/tests/fixtures/hdf5/" + name; }

bool has_text(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// A process that writes in the newest format and ends without closing the file.
void write_and_die(const std::string& path) {
  const pid_t writer = fork();
  if (writer == 0) {
    H5::FileAccPropList access;
    access.setLibverBounds(H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    H5::H5File file(path, H5F_ACC_TRUNC, H5::FileCreatPropList::DEFAULT, access);
    test::write_array(file, "data", {2, 4}, std::vector<double>(8, 1.5), kStoredFloat);
    H5Fflush(file.getId(), H5F_SCOPE_GLOBAL);
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(writer, &status, 0) == writer);
  REQUIRE(status == 0);
}

}  // namespace

TEST_CASE("a format that is newer than the library is told from damage, with a way to convert it") {
  const std::string path = hdf5_fixture("format_2_0.h5");
  const Hdf5File file(path);
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  if (major >= 2) {
    CHECK(file.array("data", 2).rows() == 16);
    return;
  }
  const auto thrown = thrown_by([&] { file.array("data", 2); });
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK(has_text(thrown.what, path + ", data set data: is written in a newer format than the HDF5 library " +
                                  std::to_string(major) + "." + std::to_string(minor)));
  CHECK(has_text(thrown.remedy, "scripts/rewrite_hdf5.py"));
  CHECK(has_text(thrown.remedy, "libver=\"v110\""));
}

TEST_CASE("a file that its writer did not close is told from damage, and h5clear is named") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "it's here.h5").string();
  write_and_die(path);
  const auto thrown = thrown_by([&] { Hdf5File{path}; });
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK(thrown.what == path + ": a program is writing it, or has ended without closing it");
  REQUIRE(has_text(thrown.remedy, "h5clear -s "));
  if (std::system("command -v h5clear >/dev/null") != 0) {
    WARN("skipped: h5clear is not installed, so that the remedy cannot be run");
    return;
  }
  const size_t start = thrown.remedy.find("h5clear -s ");
  const std::string command = thrown.remedy.substr(start, thrown.remedy.find(" (Debian") - start);
  REQUIRE(std::system(command.c_str()) == 0);
  float row[4] = {};
  Hdf5File(path).array("data", 2).read_row(1, row);
  CHECK(row[3] == 1.5F);
}

TEST_CASE("each kind of link is named with its target, and none is followed") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "a.h5").string();
  test::write_waveform_file(folder / "other.h5", 2, 4, kStoredFloat);
  H5::H5File file(path, H5F_ACC_TRUNC);
  test::write_array(file, "values", {2, 4}, std::vector<double>(8, 1), kStoredFloat);
  file.createGroup("group");
  const hid_t id = file.getId();
  H5Lcreate_soft("/values", id, "soft", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_soft("values", id, "relative", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_soft("../values", id, "group/up", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_soft("/nothing\033[2J", id, "broken", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_soft("/circle", id, "circle", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_external("other.h5", "/data", id, "external", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_external("none.h5", "/data", id, "external_broken", H5P_DEFAULT, H5P_DEFAULT);
  file.close();
  const Hdf5File opened(path);
  const std::pair<const char*, std::string> links[] = {
      {"soft", "a link to /values; links are not followed"},
      {"relative", "a link to values; links are not followed"},
      {"group/up", "a link to ../values, where nothing is"},  // HDF5 knows no ..
      {"broken", "a link to /nothing\\x1b[2J, where nothing is"},
      {"circle", "a link to /circle; links are not followed"},
      {"external", "a link to /data in the file other.h5; links are not followed"},
      {"external_broken", "a link to /data in the file none.h5; links are not followed"}};
  for (const auto& [name, message] : links) {
    const auto thrown = thrown_by([&] { opened.array(name, 2); });
    CHECK(thrown.code == ExitCode::bad_data);
    CHECK(thrown.what == path + ": " + name + " is " + message);
  }
}

TEST_CASE("a group in place of a data set is told, with what is in it and how to name it") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "a.h5").string();
  {
    H5::H5File file(path, H5F_ACC_TRUNC);
    file.createGroup("data");
    test::write_array(file, "data/data", {2, 4}, std::vector<double>(8, 1), kStoredFloat);
    for (int i = 0; i < 12; ++i) file.createGroup("data/extra" + std::to_string(i));
  }
  const auto thrown = thrown_by([&] { Hdf5File(path).array("data", 2); });
  CHECK(thrown.what == path +
                           ": data is a group, not a data set; in it is data, extra0, extra1, extra10, extra11, extra2, extra3, "
                           "extra4 and 5 more");
  const std::string remedy = "If the data sets are in there, give the group too: ";
  REQUIRE(thrown.remedy == remedy + path + ":data.");
  const std::string name = thrown.remedy.substr(remedy.size(), thrown.remedy.size() - remedy.size() - 1);
  CHECK(Hdf5File(name).array("data", 2).rows() == 2);
}

TEST_CASE("a file whose own name has a colon is a file, and what is no file is refused before it is opened") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "a:b.h5").string();
  test::write_waveform_file(path, 2, 4, kStoredFloat);
  CHECK(split_hdf5_name(path).path == path);
  CHECK(split_hdf5_name(path + ":group").group == "group");
  CHECK(Hdf5File(path).has("labels"));
  REQUIRE(mkfifo((folder / "pipe.h5").c_str(), 0600) == 0);
  CHECK(thrown_by([&] { Hdf5File((folder / "pipe.h5").string()); }).what ==
        (folder / "pipe.h5").string() + " is a named pipe, not a file");
  CHECK(thrown_by([&] { Hdf5File("/dev/null"); }).what == "/dev/null is a device, not a file");
}

TEST_CASE("texts and single numbers are read from data sets and their attributes") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "a.h5").string();
  const H5::StrType padded = [] {
    H5::StrType type(H5::PredType::C_S1, 4);
    type.setStrpad(H5T_STR_SPACEPAD);
    return type;
  }();
  {
    H5::H5File file(path, H5F_ACC_TRUNC);
    const H5::StrType variable(H5::PredType::C_S1, H5T_VARIABLE);
    const char* text = "H1";
    file.createDataSet("variable", variable, H5::DataSpace()).write(static_cast<const void*>(&text), variable);
    const hsize_t two = 2, one = 1;
    file.createDataSet("fixed", padded, H5::DataSpace(1, &two)).write("a   bcde", padded);
    const float half = 0.5;
    const H5::DataSet scalar = file.createDataSet("scalar", H5::PredType::IEEE_F32LE, H5::DataSpace());
    scalar.write(&half, H5::PredType::NATIVE_FLOAT);
    const int64_t count = 7;
    scalar.createAttribute("count", H5::PredType::STD_I32BE, H5::DataSpace(1, &one)).write(H5::PredType::NATIVE_INT64, &count);
    test::write_array(file, "list", {3}, {1, 2, 3}, kStoredFloat);
    H5::DSetCreatPropList elsewhere;
    elsewhere.setExternal((folder / "secret").c_str(), 0, 8);
    file.createDataSet("elsewhere", H5::PredType::IEEE_F64LE, H5::DataSpace(1, &one), elsewhere);
  }
  const Hdf5File file(path);
  CHECK(file.text_values("variable") == std::vector<std::string>{"H1"});
  CHECK(file.text_values("fixed") == std::vector<std::string>{"a", "bcde"});
  CHECK(file.text_values("absent").empty());
  CHECK(thrown_by([&] { file.text_values("list"); }).what.find("list: its values are float32, expected texts") !=
        std::string::npos);
  CHECK(file.number("scalar") == 0.5);
  CHECK(file.number("scalar", "count") == 7);
  CHECK_FALSE(file.number("scalar", "absent"));
  CHECK_FALSE(file.number("list"));
  CHECK_FALSE(file.number("variable"));
  CHECK_FALSE(file.number("absent"));
  CHECK_FALSE(file.number("absent", "count"));
  CHECK(thrown_by([&] { file.number("elsewhere"); }).what.find("in other files") != std::string::npos);
  CHECK(file.array("list", 1).read_rows(1, 2) == std::vector<double>{2, 3});
}
