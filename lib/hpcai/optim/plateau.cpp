#include "hpcai/optim/plateau.h"

#include "hpcai/core/json.h"

namespace hpcai::optim {

bool Lowest::observe(double value) {
  if (value < value_ - min_delta_) {
    value_ = value;
    waited_ = 0;
    return true;
  }
  ++waited_;
  return false;
}

// JSON has no infinity: a value that was never set is left out.
nlohmann::json Lowest::state() const {
  nlohmann::json state = {{"waited", waited_}};
  if (value_ != std::numeric_limits<double>::infinity()) state["lowest"] = value_;
  return state;
}

void Lowest::load(const nlohmann::json& state) {
  constexpr double kHighest = std::numeric_limits<double>::max();
  waited_ = count_at(state, "waited");
  value_ = state.contains("lowest") ? number_at(state, "lowest", -kHighest, kHighest) : std::numeric_limits<double>::infinity();
}

bool Plateau::observe(double value) {
  if (lowest_.observe(value) || lowest_.waited() < config_.patience) return false;
  lowest_.reset_wait();
  factor_ *= config_.factor;
  return true;
}

nlohmann::json Plateau::state() const { return {{"factor", factor_}, {"lowest", lowest_.state()}}; }

void Plateau::load(const nlohmann::json& state) {
  factor_ = number_at(state, "factor", 0, 1);
  lowest_.load(state.at("lowest"));
}

bool EarlyStop::observe(double value) {
  lowest_.observe(value);
  return patience_ > 0 && lowest_.waited() >= patience_;
}

nlohmann::json EarlyStop::state() const { return lowest_.state(); }

void EarlyStop::load(const nlohmann::json& state) { lowest_.load(state); }

}  // namespace hpcai::optim
