#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/data/dataset.h"

// The rules that the settings of an experiment have to obey, for training, `check`, `plan` and `scaling`.
namespace hpcai::trainer {

struct Experiment;

// One violation of a rule.
struct Judgement {
  enum class Kind {
    problem,  // the experiment cannot be done
    warning,  // the experiment can be done, but the settings are probably a mistake
  };

  Kind kind = Kind::problem;
  std::string what;       // names the keys concerned
  std::string remedy;     // a sentence; empty for a warning
  bool of_ranks = false;  // whether it depends on the number of ranks
};

// What the rules need to know of the data. It is known as soon as the data are open; no sample is read.
struct DataFacts {
  data::SampleSpec spec;
  int64_t training_samples = 0;
  int64_t validation_samples = 0;                            // 0: no such split
  std::optional<int64_t> unlabelled_samples = std::nullopt;  // if such are open
};
// The facts of opened data; `data.train` must exist. `unlabelled`: see Training::unlabelled(); null if they are not open.
DataFacts facts_of(const data::Splits& data, const data::Dataset* unlabelled = nullptr);

// Applies all rules to an experiment on `world_size` ranks. Without `data` only the rules that need no data are applied. Returns
// the problems, or if there are none the warnings. Opens no file and prints nothing.
std::vector<Judgement> judge(const Experiment& experiment, int world_size, const std::optional<DataFacts>& data = std::nullopt);

// "training.global_batch 8 cannot be shared by 3 ranks (Use a multiple of 3, such as 6 or 9.)"
std::string text_of(const Judgement& judgement);

// Throws one Error{usage} that lists all problems in `judgements`. Does nothing if there are none.
void refuse_problems(const std::vector<Judgement>& judgements);

// The texts of the warnings in `judgements`.
std::vector<std::string> warnings_of(const std::vector<Judgement>& judgements);

}  // namespace hpcai::trainer
