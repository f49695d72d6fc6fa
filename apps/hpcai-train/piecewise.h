#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ensemble.h"
#include "hpcai/core/piece_folder.h"
#include "hpcai/trainer/evaluate.h"

namespace hpcai::app {

// The predictions of an ensemble for many samples, in pieces that the ranks share. A piece that is ready lies in the folder
// OUT.parts beside the file OUT of the result, so that a run that was killed goes on with what is there, also on another number
// of ranks. The pieces, and so the result, do not depend on ranks and interruptions.
class PiecewisePredictions {
 public:
  // `out`: the file of the result. `data_name`: the split, or --input. The ensemble must outlive the object.
  PiecewisePredictions(Ensemble& ensemble, const std::filesystem::path& out, const std::string& data_name);

  // Whether pieces are worth their folder: there are several, several ranks, or an earlier run has left some.
  bool needed() const;

  // Predicts what the folder lacks; rank 0 reports progress. All ranks call it together. Throws Error{ranks_disagree} if ranks
  // have other networks or samples than rank 0, and what PieceFolder throws.
  void run();
  // Returns all predictions, in the order of the samples. For rank 0, after run().
  metrics::Predictions::Gathered gather();
  // Removes the folder. For rank 0, when the result is written.
  void remove() { folder_->remove(); }

 private:
  int64_t members() const { return static_cast<int64_t>(ensemble_.members().size()); }
  std::vector<int64_t> missing() const;
  void begin();
  void predict_share(size_t member, const std::vector<int64_t>& missing);

  Ensemble& ensemble_;
  distributed::Group& group_;
  std::filesystem::path path_;  // of the folder
  std::string data_name_;
  trainer::PredictionPieces pieces_;
  std::optional<PieceFolder> folder_;
  std::vector<char> done_;  // [member, piece]
};

}  // namespace hpcai::app
