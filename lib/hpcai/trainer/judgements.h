#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/data/dataset.h"

// Whether an experiment makes sense: every rule about its settings stands here once, for training, check, plan and scaling.
namespace hpcai::trainer {

struct Experiment;

struct Judgement {
  enum class Kind {
    problem,  // the experiment cannot be done
    warning,  // it can, but this is hardly what was meant
  };

  Kind kind = Kind::problem;
  std::string what;       // names the keys concerned
  std::string remedy;     // a sentence; empty for a warning
  bool of_ranks = false;  // it depends on the number of ranks
};

// What opened data tell, without a sample read.
struct DataFacts {
  data::SampleSpec spec;
  int64_t training_samples = 0;
  int64_t validation_samples = 0;  // 0: no such split
};
DataFacts facts_of(const data::Splits& data);

// Judges an experiment on so many ranks. Without `data` it finds what the config alone can tell, so that nothing needs to be
// opened for it. Opens and prints nothing itself.
std::vector<Judgement> judge(const Experiment& experiment, int world_size, const std::optional<DataFacts>& data = std::nullopt);

// "training.global_batch 8 cannot be shared by 3 ranks (Use a multiple of 3, such as 6 or 9.)"
std::string text_of(const Judgement& judgement);

// Throws Error{usage} that tells all problems among the judgements; nothing if there is none.
void refuse_problems(const std::vector<Judgement>& judgements);

std::vector<std::string> warnings_of(const std::vector<Judgement>& judgements);

}  // namespace hpcai::trainer
