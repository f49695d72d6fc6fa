#pragma once

#include <string>
#include <vector>

#include "hpcai/models/network/plan.h"

namespace hpcai::models::network {

// What all models of NetworkConfig are, beside a Model. A network whose last layer is dense, or `outputs`, is a FeatureNetwork,
// and a MapNetwork if its input is an image. Its maps are the last image between its outer layers. The weights are called
// layers.NAME, with the names, or else the numbers, of the layers within layers.
class Layered {
 public:
  virtual ~Layered() = default;
  // All layers from input to output; the layers within a layer follow it.
  const std::vector<Row>& rows() const { return rows_; }

 protected:
  explicit Layered(std::vector<Row> rows) : rows_(std::move(rows)) {}

 private:
  std::vector<Row> rows_;
};

// The table of layers for people: number, name, kind, shape of the output, trained values, and the sum of these. `rows` of a
// network for the input shape `input`.
std::string layer_table(const std::vector<Row>& rows, const std::vector<int64_t>& input);

// The number of values in the parameters of a layer; 0 for a layer that contains others.
int64_t parameters_of(const Row& row);

}  // namespace hpcai::models::network
