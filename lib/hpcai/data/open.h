#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "hpcai/data/config.h"
#include "hpcai/data/dataset.h"
#include "hpcai/data/sources/source.h"
#include "hpcai/data/votes.h"

namespace hpcai::data {

// Opens or makes the data of a training and checks every contract that can be checked without reading all of it: files, data
// sets, shapes, types, labels, catalogues, equal specs of the splits. `threads` (0 = all cores) share the work. Simulated
// data that fit into memory are made now if `fill_caches`, else when they are first read. Throws Error{missing_input} for
// what is not there, Error{bad_data} for what breaks its contract, Error{usage} for settings that contradict each other.
Splits open(const DataConfig& config, int threads, bool fill_caches = true);

// One split for a trained network; the others need not be there. Throws what open() throws, and Error{bad_data} where the
// samples are not such as the network was trained with: other classes, shape or scaling.
std::unique_ptr<Dataset> open_split(const DataConfig& config, Split split, const NetworkUse& use);
// The same, but null where the data have no such split.
std::unique_ptr<Dataset> find_split(const DataConfig& config, Split split, const NetworkUse& use);

// New samples for a trained network, whose training's data `config` describes. For images, `input` is a folder of them, one
// image, a list of images in text (a file name a line, or a table as a catalogue is), or an HDF5 file; for waveforms an HDF5
// file. Throws as open_split() does.
std::unique_ptr<Dataset> open_input(const DataConfig& config, const std::filesystem::path& input, const NetworkUse& use);

// What the samples will look like, as far as the config alone says it: for `info`, which must not need the data.
// Empty when it depends on the files (see `image_size`, `classes` in the config).
std::optional<SampleSpec> spec_of(const DataConfig& config);

// The same; where it depends on the files, they are opened. Throws what open() throws.
SampleSpec spec_of_samples(const DataConfig& config);

// The questions on which the data have votes; empty for others.
std::vector<VoteQuestion> vote_questions(const DataConfig& config);

// False where the config alone says that there will be no validation split.
bool may_validate(const DataConfig& config);

}  // namespace hpcai::data
