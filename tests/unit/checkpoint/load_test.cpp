#include "hpcai/checkpoint/load.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "check.h"
#include "hpcai/checkpoint/manifest.h"
#include "hpcai/core/sha256.h"
#include "states.h"

using namespace hpcai;
using namespace hpcai::checkpoint;
namespace fs = std::filesystem;

namespace {

// Changes a file of the checkpoint and seals the manifest anew, so that only its content is wrong.
void forge(const fs::path& folder, const char* name, const std::string& content) {
  Manifest manifest = read_manifest(folder);
  spill(folder / name, content);
  manifest.files[name] = {content.size(), sha256(content)};
  spill(folder / kManifestName, to_text(manifest));
}

}  // namespace

TEST_CASE("a file of another shape under a good seal is bad data, never a bug") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "c", 3);
  checkpoints.prepare();
  save_now(checkpoints, 1, state_of(1));
  const fs::path folder = scratch / "c/step-00000001";
  for (const char* name : {kModelName, kOptimizerName, kStateName}) {
    const std::string whole = slurp(folder / name);
    for (const std::string& content :
         {std::string(), std::string("[1, 2]"), std::string("{\"a\": 1e999}"), std::string("{\"a\": "),
          std::string("\xff\xfe\x00", 3), std::string(200, '\0'), std::string(200, '\xff')}) {
      INFO(name << ": " << content.substr(0, 20));
      forge(folder, name, content);
      check_error([&] { load_checkpoint(folder); }, ExitCode::bad_data, "step-00000001");
      check_error([&] { checkpoints.load_newest(); }, ExitCode::cannot_resume, "step-00000001");
    }
    forge(folder, name, whole);
  }
  CHECK(load_checkpoint(folder).step == 1);
}

TEST_CASE("a manifest of another shape under a good seal is bad data") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "c", 3);
  checkpoints.prepare();
  save_now(checkpoints, 1, state_of(1));
  const fs::path file = scratch / "c/step-00000001/manifest.json";
  const std::string whole = slurp(file);
  const std::string body = whole.substr(0, whole.rfind(",\n \"manifest_sha256\""));
  const auto good = nlohmann::ordered_json::parse(body + "}");
  for (const auto& [key, before] : good.items()) {
    for (const nlohmann::json& value : {nlohmann::json(), nlohmann::json("x"), nlohmann::json(-1), nlohmann::json::array()}) {
      auto changed = good;
      changed[key] = value;
      std::string text = changed.dump(1);
      text.resize(text.size() - 2);
      spill(file, text + ",\n \"manifest_sha256\": \"" + sha256(text) + "\"\n}\n");
      INFO(key << " = " << value.dump());
      try {
        load_checkpoint(file.parent_path());  // a digest or a version may be any text
        CHECK(value.is_string());
      } catch (const Error& e) {
        CHECK(e.code() == ExitCode::bad_data);
      }
    }
  }
}

TEST_CASE("what is thrown while a checkpoint is taken apart becomes one kind of failure that names it") {
  const auto reading = [](const std::function<void()>& read) { return [read] { read_content("runs/a/step-1", read); }; };
  check_error(reading([] { nlohmann::json(7).at("x"); }), ExitCode::cannot_resume, "runs/a/step-1");
  check_error(reading([] { throw std::out_of_range("'step' is no count"); }), ExitCode::cannot_resume, "'step' is no count");
  check_error(reading([] { at::zeros({2}).copy_(at::zeros({3})); }), ExitCode::cannot_resume, "runs/a/step-1");
  check_error(reading([] { throw Error(ExitCode::bad_data, "no loss scale"); }), ExitCode::bad_data,
              "runs/a/step-1: no loss scale");
  CHECK_THROWS_AS(reading([] { throw std::bad_alloc(); })(), std::bad_alloc);
}

TEST_CASE("an Error about a checkpoint's content names it once and keeps its remedy, and one about the host stays as it is") {
  const auto text_of = [](const auto& error) -> std::string {
    try {
      read_content("runs/a/step-1", [&] { throw error; });
    } catch (const Error& thrown) {
      CHECK(thrown.remedy() == "Do this.");
      return thrown.what();
    }
    return "";
  };
  CHECK(text_of(Error(ExitCode::cannot_resume, "runs/a/step-1 is old", "Do this.")) == "runs/a/step-1 is old");
  CHECK(text_of(Error(ExitCode::cannot_resume, "is old", "Do this.")) == "runs/a/step-1: is old");
  CHECK(text_of(LocalError(ExitCode::usage, "no thread", "Do this.")) == "no thread");
}
