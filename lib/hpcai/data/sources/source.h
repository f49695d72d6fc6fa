#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "hpcai/data/cache.h"
#include "hpcai/data/dataset.h"

// A source of data is a config struct of the variant DataConfig (data/config.h) and four functions beside it. The struct has
// `kStored`, whether samples lie in files, which `check` reads; disable_cache(), after which it keeps none in memory; and
// may_validate(), false where the settings alone say that there is no validation split.
//
//   // What samples look like as far as the config alone says it; nothing where it depends on the files.
//   std::optional<SampleSpec> source_spec(const Config& config);
//   // The splits of a training. All contracts that need not read everything are checked.
//   Splits open_source(const Config& config, const OpenOptions& options);
//   // One split for a trained network; null if the source has no such split. Needs neither the others nor, where
//   // use.labels_optional, labels.
//   std::unique_ptr<Dataset> open_source_split(const Config& config, Split split, const NetworkUse& use);
//   // New samples for a network that was trained with this config: `input` is a file or a folder.
//   std::unique_ptr<Dataset> open_source_input(const Config& config, const std::filesystem::path& input, const NetworkUse& use);
//
// They throw Error{missing_input} for what is not there, Error{bad_data} that names file, row and reason for what breaks its
// contract, and Error{usage} for settings that contradict each other. open.cpp checks what comes back against the network.
namespace hpcai::data {

struct OpenOptions {
  int threads = 0;          // 0 = all cores
  bool fill_caches = true;  // make now what is simulated and fits into memory, rather than when it is first read

  // For cached(), where a source makes its samples; `what` is told in progress messages.
  std::optional<FillCache> fill_cache(const std::string& what) const {
    return fill_caches ? std::optional(FillCache{threads, what}) : std::nullopt;
  }
};

// How data are read for a network that has been trained.
struct NetworkUse {
  SampleSpec spec;               // what its samples look like: shape, class names and their order
  bool labels_optional = false;  // a prediction needs no truth
  bool other_data = false;       // not those of the training: a catalogue need not tell splits
  int threads = 0;               // 0 = all cores
};

}  // namespace hpcai::data
