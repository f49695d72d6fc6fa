#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json_fwd.hpp>

#include "hpcai/optim/config.h"

namespace hpcai::optim {

// The lowest value so far and how many observations ago it was. A value counts as better if lower by more than
// min_delta; NaN never does.
class Lowest {
 public:
  explicit Lowest(double min_delta = 0) : min_delta_(min_delta) {}

  bool observe(double value);  // whether it is the best so far
  double value() const { return value_; }
  int64_t waited() const { return waited_; }  // observations since the best, or since reset_wait()
  void reset_wait() { waited_ = 0; }

  // load() throws an exception of the standard library or of nlohmann-json for what state() cannot have given; so do those
  // of the classes below.
  nlohmann::json state() const;
  void load(const nlohmann::json& state);

 private:
  double min_delta_;
  double value_ = std::numeric_limits<double>::infinity();
  int64_t waited_ = 0;
};

// Reduce-on-plateau as in Keras: after `patience` observations in a row that are not better, the factor falls.
class Plateau {
 public:
  explicit Plateau(const PlateauConfig& config) : config_(config), lowest_(config.min_delta) {}

  bool observe(double value);  // whether the factor fell
  double factor() const { return factor_; }

  nlohmann::json state() const;
  void load(const nlohmann::json& state);

 private:
  PlateauConfig config_;
  Lowest lowest_;
  double factor_ = 1;
};

// Early stop as in Keras: true after `patience` observations in a row that are not better; patience 0 never stops.
class EarlyStop {
 public:
  explicit EarlyStop(int64_t patience, double min_delta = 0) : patience_(patience), lowest_(min_delta) {}

  bool observe(double value);  // whether to stop now
  double best() const { return lowest_.value(); }

  nlohmann::json state() const;
  void load(const nlohmann::json& state);

 private:
  int64_t patience_;
  Lowest lowest_;
};

}  // namespace hpcai::optim
