#pragma once

#include "hpcai/config/field.h"
#include "hpcai/models/config_common.h"
#include "hpcai/models/network/planner.h"

namespace hpcai::models::network {

// What a recurrent layer gives to the next layer.
enum class RecurrentOutput { steps, last };

inline config::EnumNames<RecurrentOutput> enum_names(RecurrentOutput) {
  return {{RecurrentOutput::steps, "steps"}, {RecurrentOutput::last, "last"}};
}

struct RecurrentKeys {
  static constexpr std::string_view kMainKey = "units";
  int64_t units = 64;
  int64_t depth = 1;
  bool bidirectional = false;
  RecurrentOutput output = RecurrentOutput::steps;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("units", units, {.help = "Features of the state.", .min = 1, .max = kMostUnits, .required = true});
    visitor.field("depth", depth, {.help = "Recurrent layers one above the other.", .min = 1, .max = 100});
    visitor.field("bidirectional", bidirectional,
                  {.help = "Whether a second one runs backwards; the output has the features of both."});
    visitor.field("output", output,
                  {.help = "The state at all steps, or the last state alone (of the one that runs backwards the one at the first "
                           "step)."});
  }
};

// torch.nn.LSTM and torch.nn.GRU with batch_first, with their initial weights: uniform in +-1/sqrt(units).
struct LstmLayer : RecurrentKeys {
  static constexpr std::string_view kType = "lstm";
  static constexpr std::string_view kHelp = "Long short-term memory on a sequence (Hochreiter, Schmidhuber 1997).";
};
struct GruLayer : RecurrentKeys {
  static constexpr std::string_view kType = "gru";
  static constexpr std::string_view kHelp = "Gated recurrent units on a sequence (Cho et al. 2014).";
};

Plan plan(const LstmLayer& config, const Shape& input, Planner& planner);
Plan plan(const GruLayer& config, const Shape& input, Planner& planner);

}  // namespace hpcai::models::network
