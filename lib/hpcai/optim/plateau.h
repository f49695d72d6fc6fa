#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json_fwd.hpp>

#include "hpcai/optim/config.h"

namespace hpcai::optim {

// The lowest value so far and the number of observations since. A value is better if it is lower by more than min_delta. NaN is
// never better.
class Lowest {
 public:
  explicit Lowest(double min_delta = 0) : min_delta_(min_delta) {}

  bool observe(double value);  // returns whether it is the best so far
  double value() const { return value_; }
  int64_t waited() const { return waited_; }  // observations since the best, or since reset_wait()
  void reset_wait() { waited_ = 0; }          // keeps value()

  // load() restores state(). It throws std::out_of_range or nlohmann::json::exception for anything else. The same holds for the
  // classes below.
  nlohmann::json state() const;
  void load(const nlohmann::json& state);

 private:
  double min_delta_;
  double value_ = std::numeric_limits<double>::infinity();
  int64_t waited_ = 0;
};

// Reduce-on-plateau as in Keras: after `patience` consecutive observations that are not better, the factor is multiplied by
// config.factor.
class Plateau {
 public:
  explicit Plateau(const PlateauConfig& config) : config_(config), lowest_(config.min_delta) {}

  bool observe(double value);                // returns whether the factor has fallen
  double factor() const { return factor_; }  // on the learning rate, 1 at first

  nlohmann::json state() const;
  void load(const nlohmann::json& state);

 private:
  PlateauConfig config_;
  Lowest lowest_;
  double factor_ = 1;
};

// Early stop as in Keras, after `patience` consecutive observations that are not better; with patience 0 never.
class EarlyStop {
 public:
  explicit EarlyStop(int64_t patience, double min_delta = 0) : patience_(patience), lowest_(min_delta) {}

  bool observe(double value);  // returns whether to stop now
  double best() const { return lowest_.value(); }

  nlohmann::json state() const;
  void load(const nlohmann::json& state);

 private:
  int64_t patience_;
  Lowest lowest_;
};

}  // namespace hpcai::optim
