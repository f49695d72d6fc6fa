#include <iostream>
#include <memory>

#include "commands.h"
#include "hpcai/config/config.h"
#include "hpcai/trainer/experiment.h"
#include "terminal_width.h"

namespace hpcai::app {
namespace {

struct KeysOptions {
  std::string prefix;
  bool json = false;
  bool schema = false;
};

int keys(const KeysOptions& options) {
  using trainer::Experiment;
  if (options.schema) {
    std::cout << config::json_schema<Experiment>("hpcai-train experiment") << '\n';
  } else if (options.json) {
    std::cout << config::keys_json<Experiment>() << '\n';
  } else {
    std::cout << config::key_table<Experiment>(options.prefix, terminal_width());
  }
  return 0;
}

}  // namespace

void add_keys(CommandLine& line) {
  auto options = std::make_shared<KeysOptions>();
  CLI::App* app = line.app.add_subcommand("keys", "List every setting: key, type, default, unit, range and meaning");
  app->footer("examples: hpcai-train keys optimizer\n          hpcai-train keys --schema > configs/schema.json");
  app->add_option("prefix", options->prefix, "Only keys that start with this, such as training or optimizer.lr");
  app->add_flag("--json", options->json, "Print the list as JSON");
  app->add_flag("--schema", options->schema, "Print the JSON Schema (draft-07) that editors use to complete and check configs");
  app->callback([&line, options] { line.run = [options] { return keys(*options); }; });
}

}  // namespace hpcai::app
