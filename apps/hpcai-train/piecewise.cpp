#include "piecewise.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"
#include "hpcai/core/version.h"
#include "hpcai/data/fingerprint.h"
#include "hpcai/data/tables/csv_cell.h"
#include "hpcai/distributed/exchange/on_all_ranks.h"
#include "work_progress.h"

namespace hpcai::app {
namespace {

namespace fs = std::filesystem;
using Gathered = metrics::Predictions::Gathered;

constexpr int64_t kLeastSamples = 512;  // of a piece: a kill costs about so much work of each rank

fs::path folder_of(fs::path out) { return out += ".parts"; }

trainer::PredictionPieces pieces_of(const Ensemble& ensemble) {
  int64_t batch = 1;
  for (const Trained& member : ensemble.members()) batch = std::lcm(batch, member.settings.global_batch);
  return trainer::PredictionPieces::of(ensemble.data_of(ensemble.members()[0]).size(), kLeastSamples, batch);
}

// What the predictions depend on. The keys stand in a message.
nlohmann::json identity_of(const Ensemble& ensemble, const trainer::PredictionPieces& pieces, const std::string& data_name) {
  nlohmann::json identity = {
      {"version", std::string(kVersion)}, {"input", data::in_utf8(data_name)}, {"cuts", {pieces.samples, pieces.of_piece}}};
  for (const Trained& member : ensemble.members()) {
    identity["weights"].push_back(member.weights_sha());
    identity["settings"].push_back(config::digest(member.experiment));
    identity["samples"].push_back(data::fingerprint(&ensemble.data_of(member)));
    identity["device"].push_back(member.group->device().is_cuda() ? "GPU" : "CPU");
  }
  return identity;
}

// A line with shape, type and the number of rows of each sample of the piece, then the values.
std::string to_bytes(const Gathered& of_piece) {
  const at::Tensor values = of_piece.prediction.contiguous();
  std::vector<int64_t> rows;
  for (size_t i = 0; i < of_piece.index.size(); ++i) {
    if (i == 0 || of_piece.index[i] != of_piece.index[i - 1]) rows.push_back(0);
    ++rows.back();
  }
  const nlohmann::json head = {{"shape", values.sizes().vec()}, {"type", static_cast<int>(values.scalar_type())}, {"rows", rows}};
  std::string bytes = json_text(head) + "\n";
  return bytes.append(static_cast<const char*>(values.const_data_ptr()), values.nbytes());
}

// Adds a piece to `predictions` and the numbers of its samples to `index`.
void add_bytes(const std::string& bytes, std::vector<at::Tensor>& predictions, std::vector<int64_t>& index) {
  const std::string_view line = first_line(bytes);
  const auto head = parse_json(line);
  at::Tensor values =
      at::empty(head.at("shape").get<std::vector<int64_t>>(), static_cast<at::ScalarType>(head.at("type").get<int>()));
  std::memcpy(values.mutable_data_ptr(), bytes.data() + line.size() + 1, values.nbytes());
  predictions.push_back(values);
  for (const auto& rows : head.at("rows")) {
    const int64_t sample = index.empty() ? 0 : index.back() + 1;
    index.insert(index.end(), rows.get<size_t>(), sample);
  }
}

}  // namespace

PiecewisePredictions::PiecewisePredictions(Ensemble& ensemble, const fs::path& out, const std::string& data_name)
    : ensemble_(ensemble),
      group_(*ensemble.first().group),
      path_(folder_of(out)),
      data_name_(data_name),
      pieces_(pieces_of(ensemble)),
      done_(static_cast<size_t>(members() * pieces_.count()), 0) {}

bool PiecewisePredictions::needed() const {
  return group_.size() > 1 || done_.size() > 1 || path_exists(path_, ExitCode::cannot_write);
}

// The pieces of all members that nobody has predicted, as numbers member * pieces + piece.
std::vector<int64_t> PiecewisePredictions::missing() const {
  std::vector<int64_t> numbers;
  for (size_t i = 0; i < done_.size(); ++i) {
    if (done_[i] == 0) numbers.push_back(static_cast<int64_t>(i));
  }
  return numbers;
}

// Rank 0 looks which pieces are there; the others learn it, and open a file each.
void PiecewisePredictions::begin() {
  nlohmann::json identity;
  distributed::on_all_ranks(group_, [&] { identity = identity_of(ensemble_, pieces_, data_name_); });
  const auto identities = group_.all_gather(json_text(identity));
  for (size_t rank = 1; rank < identities.size(); ++rank) {
    if (identities[rank] == identities[0]) continue;
    throw SharedError(ExitCode::ranks_disagree, fmt::format("rank {} has other weights, settings or samples than rank 0", rank),
                      "All ranks must see the same run folder and the same data.");
  }
  folder_.emplace(path_, identity);
  nlohmann::json found;
  distributed::on_all_ranks(group_, [&] {
    if (group_.rank() != 0) return;
    const auto others = folder_->begin();
    if (!others.empty()) {
      log::warning("the parts in {} were made with other {}; all samples are predicted anew", printable(path_),
                   join_words(others, "and"));
    }
    found = {{"pieces", folder_->find()}, {"free_file", folder_->free_file()}};
  });
  found = parse_json(group_.broadcast(json_text(found)));
  for (const auto& number : found.at("pieces")) done_.at(number.get<size_t>()) = 1;
  distributed::on_all_ranks(group_, [&] { folder_->open_file(found.at("free_file").get<int64_t>() + group_.rank()); });
}

void PiecewisePredictions::run() {
  begin();
  const std::vector<int64_t> left = missing();
  const auto kept = static_cast<int64_t>(done_.size() - left.size());
  if (kept > 0) {
    log::info("{} of {} pieces are there already, in {}", kept, done_.size(), printable(path_));
  } else {
    log::info("{} in {}; a run that ends early goes on with them", plural(static_cast<int64_t>(done_.size()), "piece"),
              printable(path_));
  }
  for (size_t member = 0; member < ensemble_.members().size(); ++member) predict_share(member, left);
  group_.barrier();
}

void PiecewisePredictions::predict_share(size_t member, const std::vector<int64_t>& missing) {
  const Trained& network = ensemble_.members()[member];
  const int64_t offset = static_cast<int64_t>(member) * pieces_.count();
  std::vector<int64_t> mine;
  int64_t samples = 0, predicted = 0;
  for (size_t i = static_cast<size_t>(group_.rank()); i < missing.size(); i += static_cast<size_t>(group_.size())) {
    const int64_t piece = missing[i] - offset;
    if (piece < 0 || piece >= pieces_.count()) continue;
    mine.push_back(piece);
    samples += pieces_.size(piece);
  }
  WorkProgress progress("predict", group_.rank());
  const data::Progress tell = progress.callback();
  trainer::predict_pieces(group_, *network.model, *network.task, ensemble_.data_of(network), network.settings, pieces_, mine,
                          [&](int64_t piece, const Gathered& of_piece) {
    folder_->add(offset + piece, to_bytes(of_piece));
    predicted += pieces_.size(piece);
    tell(predicted, samples);
  });
}

Gathered PiecewisePredictions::gather() {
  folder_->find();
  std::vector<Gathered> of_members(static_cast<size_t>(members()));
  for (int64_t member = 0; member < members(); ++member) {
    std::vector<at::Tensor> pieces;
    Gathered& all = of_members[static_cast<size_t>(member)];
    for (int64_t piece = 0; piece < pieces_.count(); ++piece) {
      add_bytes(folder_->read(member * pieces_.count() + piece), pieces, all.index);
    }
    all.prediction = at::cat(pieces);
  }
  return ensemble_.combine(std::move(of_members));
}

}  // namespace hpcai::app
