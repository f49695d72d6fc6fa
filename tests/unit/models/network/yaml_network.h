#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hpcai/models/model.h"

// Networks from YAML, for tests.
namespace hpcai::models::network {

// The section model of a text with the keys below it. Throws what config::parse does.
NetworkConfig parsed(const std::string& section);

// The network of a list of layers in YAML, of one line.
std::shared_ptr<Model> make_layers(const std::string& layers, const std::vector<int64_t>& shape, int64_t outputs,
                                   bool time_first = false, uint64_t seed = 1, const SequenceKind& sequences = {});

// The network of tests/fixtures/network/NAME.
std::shared_ptr<Model> make_fixture(const std::string& name, const std::vector<int64_t>& shape, int64_t outputs,
                                    uint64_t seed = 1, BatchNormMode mode = BatchNormMode::local);

}  // namespace hpcai::models::network
