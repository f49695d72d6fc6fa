#include "yaml_network.h"

#include "hpcai/config/config.h"
#include "hpcai/core/file.h"
#include "hpcai/models/network/layer_config.h"

namespace hpcai::models::network {
namespace {

struct NetworkFile {
  NetworkConfig model;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("model", model, {.help = "The network.", .required = true});
  }
};

}  // namespace

NetworkConfig parsed(const std::string& section) { return config::parse<NetworkFile>("model:\n" + section, "net.yaml").model; }

std::shared_ptr<Model> make_layers(const std::string& layers, const std::vector<int64_t>& shape, int64_t outputs, bool time_first,
                                   uint64_t seed, const SequenceKind& sequences) {
  const NetworkConfig config = parsed("  layers: " + layers + "\n  time_first: " + (time_first ? "true" : "false") + "\n");
  return make_model(config, shape, outputs, seed, sequences);
}

std::shared_ptr<Model> make_fixture(const std::string& name, const std::vector<int64_t>& shape, int64_t outputs, uint64_t seed,
                                    BatchNormMode mode) {
  NetworkConfig config = config::parse<NetworkFile>(read_file(HPCAI_SOURCE_DIR "/tests/fixtures/network/" + name), name).model;
  config.batch_norm = mode;
  return make_model(config, shape, outputs, seed);
}

}  // namespace hpcai::models::network
