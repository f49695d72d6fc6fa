#include "hpcai/core/piece_folder.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "folder.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"

using namespace hpcai;
namespace fs = std::filesystem;

namespace {

const nlohmann::json kIdentity = {{"weights", "a"}, {"samples", 3}};

void add_pieces(const fs::path& path, int64_t file, const std::vector<int64_t>& numbers) {
  PieceFolder folder(path, kIdentity);
  folder.open_file(file);
  for (const int64_t number : numbers) folder.add(number, "piece\n" + std::to_string(number));
}

ExitCode failing_status_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  return ExitCode::done;
}

}  // namespace

TEST_CASE("the pieces of several processes are found again, whatever bytes they hold") {
  const Folder outer;
  const fs::path path = outer.path / "out.parts";
  {
    PieceFolder folder(path, kIdentity);
    CHECK(folder.begin().empty());
    CHECK(folder.find().empty());
    CHECK(folder.free_file() == 0);
    folder.open_file(0);
    folder.add(7, std::string("\0\n7 0 \xff", 7));
    folder.add(2, "");
  }
  add_pieces(path, 1, {3, 2});
  PieceFolder folder(path, kIdentity);
  CHECK(folder.begin().empty());
  CHECK(folder.find() == std::vector<int64_t>{2, 3, 7});
  CHECK(folder.free_file() == 2);
  CHECK(folder.read(7) == std::string("\0\n7 0 \xff", 7));
  CHECK(folder.read(2).empty());
  CHECK(folder.read(3) == "piece\n3");
  CHECK(failing_status_of([&] { folder.read(4); }) == ExitCode::missing_input);
  folder.remove();
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("of a file that was cut off anywhere, or damaged, only whole pieces count") {
  const Folder outer;
  const fs::path path = outer.path / "out.parts";
  PieceFolder(path, kIdentity).begin();
  add_pieces(path, 0, {0, 1, 2});
  const std::string whole = read_file(path / "0.pieces");
  const auto pieces_in = [&](const std::string& content) {
    std::ofstream(path / "0.pieces", std::ios::binary) << content;
    PieceFolder folder(path, kIdentity);
    const auto numbers = folder.find();
    for (const int64_t number : numbers) CHECK(folder.read(number) == "piece\n" + std::to_string(number));
    return numbers.size();
  };
  CHECK(pieces_in(whole) == 3);
  size_t before = 0;
  for (size_t bytes = 0; bytes < whole.size(); ++bytes) {
    const size_t found = pieces_in(whole.substr(0, bytes));
    CHECK(found >= before);
    CHECK(found <= 2);
    before = found;
  }
  for (size_t at = whole.find('\n') + 1; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    CHECK(pieces_in(damaged) <= 3);
  }
}

TEST_CASE("pieces of another identity are removed, and what differs is told") {
  const Folder outer;
  const fs::path path = outer.path / "out.parts";
  PieceFolder(path, kIdentity).begin();
  add_pieces(path, 4, {0, 1});
  const nlohmann::json other = {{"weights", "b"}, {"samples", 3}};
  CHECK(PieceFolder(path, other).find().empty());
  PieceFolder folder(path, other);
  CHECK(folder.begin() == std::vector<std::string>{"weights"});
  CHECK(folder.find().empty());
  CHECK_FALSE(fs::exists(path / "4.pieces"));
}

TEST_CASE("a folder of pieces is for one program at a time, and no other folder is taken for one") {
  const Folder outer;
  const fs::path path = outer.path / "out.parts";
  PieceFolder first(path, kIdentity);
  first.begin();
  CHECK(failing_status_of([&] { PieceFolder(path, kIdentity).begin(); }) == ExitCode::cannot_write);
  const fs::path other = outer.path / "other.parts";
  fs::create_directory(other);
  std::ofstream(other / "thesis.tex") << "text";
  CHECK(failing_status_of([&] { PieceFolder(other, kIdentity).begin(); }) == ExitCode::usage);
  CHECK(fs::exists(other / "thesis.tex"));
  CHECK(failing_status_of([&] { PieceFolder(outer.path / "none", kIdentity).open_file(0); }) == ExitCode::cannot_write);
}
