#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "hpcai/data/dataset.h"

// What a checkpoint's state.json says, as its "card", about the network and the data, besides the numbers of the training.
namespace hpcai::trainer {

// {"model": {"version", "input_shape", "class_names", ...}, "data": {"train": fingerprint, "validation": fingerprint}}
nlohmann::json make_record(const data::Splits& data);

// What the network's samples look like, of a state.json; nothing for a checkpoint of an older program, which does not say
// it. Throws Error{bad_data} that starts with `where` for a record that this program cannot read.
std::optional<data::SampleSpec> sample_spec_of(const nlohmann::json& state, const std::string& where);

// Throws Error{cannot_resume} that names what differs where the data of a run are not those that it began with: `state` is
// its state.json, `record` what make_record() says now. A checkpoint of an older program passes; a line says so.
void refuse_changed_data(const nlohmann::json& state, const nlohmann::json& record, const std::filesystem::path& run);

}  // namespace hpcai::trainer
