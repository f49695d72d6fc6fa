#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "hpcai/data/dataset.h"
#include "hpcai/data/fingerprint.h"

// The "card" in a checkpoint's state.json describes the samples that the network expects and the data of the training.
namespace hpcai::trainer {

// The fingerprints of the splits of a data set and of the unlabelled samples; those of what is missing are empty.
struct DataFingerprints {
  data::Fingerprint train, validation, test, unlabelled;
};
// Reads the content of a few samples of each; see data::fingerprint(). `unlabelled` may be null.
DataFingerprints fingerprints_of(const data::Splits& data, const data::Dataset* unlabelled);

// The card of a training: {"model": {"version", "input_shape", "class_names", ...}, "data": {"train": fingerprint, "validation":
// fingerprint}, "weights": ...}, and "unlabelled" in "data" if there are such samples. `spec`: of the training samples.
// `weights`: the record of InitialWeights; null for none.
nlohmann::json make_record(const data::SampleSpec& spec, const DataFingerprints& fingerprints,
                           const nlohmann::json& weights = nullptr);

// Returns the differences between the "data" of two cards, each on a line of its own, "\n  training data: 16 samples then, 7
// now"; empty if they are equal. Throws the exceptions of nlohmann::json for a card that this program cannot read.
std::string data_changes(const nlohmann::json& then, const nlohmann::json& now);

// The record of the initial weights in `state` (a state.json); null if the training began with those of its seed.
nlohmann::json weights_record_of(const nlohmann::json& state);

// The samples that the network expects, from the card in `state` (a state.json). Returns std::nullopt for a checkpoint of an
// older program, which has no card. Throws Error{bad_data}, whose text starts with `where`, for a card that this program cannot
// read.
std::optional<data::SampleSpec> sample_spec_of(const nlohmann::json& state, const std::string& where);

// Throws Error{cannot_resume} that names the differences if the data have changed since the checkpoint. `state`: the checkpoint's
// state.json. `record`: make_record() of the present data. `run`: the run folder, for messages. Accepts a checkpoint without a
// card, which an older program has written, and logs that the data cannot be compared.
void refuse_changed_data(const nlohmann::json& state, const nlohmann::json& record, const std::filesystem::path& run);

}  // namespace hpcai::trainer
