#include "hpcai/search/journal.h"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"

using namespace hpcai;
using namespace hpcai::search;

namespace {

struct JournalFolder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("hpcai-journal-" + std::to_string(getpid()));
  JournalFolder() { make_folder(path); }
  ~JournalFolder() { std::filesystem::remove_all(path); }
};

const nlohmann::ordered_json kBegun = {{"event", "trial"}, {"number", 3}, {"parameters", {{"a", 0.5}}}, {"given", false}};
const nlohmann::ordered_json kResult = {{"event", "result"}, {"number", 3}, {"rung", 0},  {"value", 0.1},
                                        {"finished", false}, {"epochs", 2}, {"steps", 20}};

std::map<int64_t, Trial> read(const std::filesystem::path& path) {
  std::map<int64_t, Trial> trials;
  apply(read_journal(path), path, trials);
  return trials;
}

}  // namespace

TEST_CASE("a journal that is cut anywhere loses no whole line, and goes on") {
  const JournalFolder folder;
  const auto path = folder.path / "journal.jsonl";
  {
    Journal journal(path);
    journal.append(kBegun);
    journal.append(kResult);
  }
  const std::string whole = read_file(path);
  const size_t first = whole.find('\n') + 1;
  CHECK(read(path).at(3).results.size() == 1);
  for (size_t size = first; size < whole.size(); ++size) {
    std::ofstream(path, std::ios::trunc | std::ios::binary) << whole.substr(0, size);
    const bool complete = size + 1 == whole.size();  // only the line end is missing
    CHECK(read(path).at(3).results.size() == (complete ? 1 : 0));
    Journal(path).append(kResult);
    const auto trial = read(path).at(3);
    REQUIRE(trial.results.size() == 1);
    CHECK(trial.results[0].value == 0.1);
    CHECK(trial.epochs == 2);
    CHECK(trial.begun);
  }
}

TEST_CASE("a result counts once, and the first one does") {
  const JournalFolder folder;
  const auto path = folder.path / "journal.jsonl";
  Journal journal(path);
  auto other = kResult;
  other["value"] = 7.0;
  for (const auto& line : {kBegun, kResult, other, kResult}) journal.append(line);
  CHECK(read(path).at(3).results.size() == 1);
  CHECK(read(path).at(3).results[0].value == 0.1);
  CHECK(read_journal(folder.path / "none.jsonl").empty());
}

TEST_CASE("an object that is no line of a journal is named") {
  for (const char* text : {R"({"event": "result"})", R"({"event": "else", "number": 1})", R"({"event": "trial", "number": -1})",
                           R"({"event": "result", "number": 1, "rung": 2, "value": 1, "finished": true})",
                           R"({"event": "failed", "number": 1, "rung": 0})", R"({"event": 3, "number": 1})"}) {
    std::map<int64_t, Trial> trials;
    CAPTURE(text);
    try {
      apply({nlohmann::ordered_json::parse(text)}, "j.jsonl", trials);
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::bad_data);
      CHECK(std::string(error.what()).find("j.jsonl") != std::string::npos);
    }
  }
}
