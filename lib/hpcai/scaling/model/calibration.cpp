#include "hpcai/scaling/model/calibration.h"

#include <fmt/format.h>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/paths.h"

namespace hpcai::scaling {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Cost, fixed_s, per_sample_s)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Bucket, bytes, ready)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Link, latency_s, s_per_byte, core_s_per_message, core_s_per_byte, blocking_latency_s,
                                   core_s_per_blocking, blocking_s_per_byte)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Workload, forward, backward, update, buckets, overlap, blocking_exchanges, blocking_bytes,
                                   threads, team, parallel, input_s_per_sample, input_core_s_per_sample, spread, alone_factor,
                                   epoch_start_s)
NLOHMANN_JSON_SERIALIZE_ENUM(Algorithm, {{Algorithm::ring, "ring"}, {Algorithm::tree, "tree"}})
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Machine, in_node, between_nodes, algorithm, start_s, cores, bound)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LinkSample, blocking, bytes, repeats, median_s, core_s, fitted_s)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Calibration, name, config_digest, host, device, world_size, one_host, batches, steps, workload,
                                   machine, link, worst_link_residual)

namespace {

constexpr const char* kFormat = "hpcai-train calibration 3";

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ExitCode::bad_data, fmt::format("not a calibration: {}", why),
              "Make one with: hpcai-train calibrate --config FILE");
}

void check_range(const Calibration& calibration) {
  auto check = [](double value, const char* name) {
    if (!(value >= 0 && value < 1e9)) refuse(fmt::format("{} is {}, which cannot be", name, value));
  };
  const Workload& work = calibration.workload;
  for (const Cost* cost : {&work.forward, &work.backward, &work.update}) {
    check(cost->fixed_s, "a fixed cost");
    check(cost->per_sample_s, "a cost per sample");
  }
  for (const Bucket& bucket : work.buckets) {
    check(bucket.bytes, "the size of a bucket");
    if (!(bucket.ready >= 0 && bucket.ready <= 1))
      refuse(fmt::format("a bucket is ready at {} of the backward pass", bucket.ready));
  }
  for (const Link* link : {&calibration.machine.in_node, &calibration.machine.between_nodes}) {
    check(link->latency_s, "latency_s");
    check(link->s_per_byte, "s_per_byte");
    check(link->core_s_per_message, "core_s_per_message");
    check(link->core_s_per_byte, "core_s_per_byte");
    check(link->blocking_latency_s, "blocking_latency_s");
    check(link->core_s_per_blocking, "core_s_per_blocking");
    check(link->blocking_s_per_byte, "blocking_s_per_byte");
  }
  for (double value : work.spread) check(value, "a value of spread");
  check(calibration.machine.cores, "cores");
  check(work.team, "team");
  if (!(work.parallel >= 0 && work.parallel <= 1)) refuse(fmt::format("{} of the computing time is parallel", work.parallel));
  check(work.input_s_per_sample, "input_s_per_sample");
}

}  // namespace

nlohmann::json to_json(const Calibration& calibration) {
  nlohmann::json json = calibration;
  json["format"] = kFormat;
  return json;
}

Calibration calibration_from_json(const nlohmann::json& json) {
  if (!json.is_object() || json.value("format", nlohmann::json()) != kFormat)
    refuse(fmt::format("there is no \"format\": \"{}\"", kFormat));
  Calibration calibration;
  try {
    calibration = json.get<Calibration>();
  } catch (const nlohmann::json::exception& e) {
    refuse(e.what());
  }
  check_range(calibration);
  return calibration;
}

Calibration read_calibration(const std::filesystem::path& path) {
  const std::string text = read_file(path, size_t{1} << 24);
  try {
    return calibration_from_json(parse_json(text));
  } catch (const nlohmann::json::exception& e) {
    throw Error(ExitCode::bad_data, fmt::format("{}: not JSON: {}", path.string(), e.what()),
                "Make one with: hpcai-train calibrate --config FILE");
  } catch (const Error& e) {
    throw Error(e.code(), fmt::format("{}: {}", path.string(), e.what()), e.remedy());
  }
}

std::optional<Calibration> find_calibration(const std::filesystem::path& path) {
  if (!path_exists(path)) return std::nullopt;
  try {
    return read_calibration(path);
  } catch (const Error& e) {
    log::warning("{}", e.what());
    return std::nullopt;
  }
}

void write_calibration(const std::filesystem::path& path, const Calibration& calibration) {
  write_output(path, json_text(to_json(calibration), 2) + "\n");
}

}  // namespace hpcai::scaling
