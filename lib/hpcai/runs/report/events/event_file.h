#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Event files of TensorBoard. A file is a sequence of TFRecords: length (uint64), its masked CRC-32C, content, its masked
// CRC-32C, all little-endian. The content is the protocol buffer tensorflow.Event, of which these fields are written: wall_time
// (1, double), step (2, int64), file_version (3, string), summary (5) with value (1) with tag (1, string) and simple_value (2,
// float).
namespace hpcai::runs::report {

struct Scalar {
  std::string tag{};  // "loss/training"
  int64_t step = 0;
  double time_s = 0;  // since 1970
  double value = 0;
};

// One record with this content.
std::string tf_record(std::string_view content);

// A whole event file. `time_s`: of its first record, since 1970.
std::string event_file(double time_s, const std::vector<Scalar>& scalars);

}  // namespace hpcai::runs::report
