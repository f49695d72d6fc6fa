#pragma once

#include <cstdint>
#include <filesystem>

#include "hpcai/data/progress.h"
#include "hpcai/data/waveform_file_settings.h"

// The files that `generate waveforms` makes, in the layout of data/README.md.
namespace hpcai::data {

// The part of the work that this process has: the shards `rank`, rank + ranks, ...
struct WorkShare {
  int rank = 0;
  int ranks = 1;
};

// What write_waveforms() did. All numbers but the first two count the work of all ranks.
struct WaveformsWritten {
  int64_t waveforms = 0;  // made by this process
  int64_t kept = 0;       // shards of this process that were there already
  int64_t files = 0;
  int64_t all_waveforms = 0;
};

// Data sets data [n, time] (Re h22 as r h22 / M) and labels [n, 3] (q, s1, s2); all settings as attributes. Rows are made
// by `threads` threads (0 = all cores). A set in one file replaces that file. Of a set in several files (shard_path of `path`),
// those that are there already stay, so the same call completes a set after a kill; the bytes do not depend on kills, ranks or
// threads. Throws Error{usage} for settings out of range, Error{cannot_write}, also if there is too little room for all missing
// files, and Error{cannot_resume} if files that are there, of whichever rank, have other settings, come from another version, or
// belong to another number of shards. Every rank checks that by itself. An unfinished file is not left behind.
WaveformsWritten write_waveforms(const std::filesystem::path& path, const WaveformFileSettings& settings, int threads,
                                 const Progress& progress, const WorkShare& share = {});

}  // namespace hpcai::data
