#include "hpcai/runs/report/events/tensorboard.h"

#include <cmath>
#include <string_view>

#include "hpcai/core/file.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/utc_time.h"
#include "hpcai/runs/read_run.h"
#include "hpcai/runs/report/events/event_file.h"
#include "hpcai/runs/report/values.h"

namespace hpcai::runs::report {
namespace {

bool is_place(std::string_view key) { return key == "step" || key == "epoch" || key == "time_s"; }

void add(const nlohmann::json& line, const std::string& group, double start_s, std::vector<Scalar>& scalars) {
  const double step = number_in(line, "step"), time_s = number_in(line, "time_s");
  if (!(step >= 0)) return;
  for (const auto& [key, value] : numbers_in(line)) {
    if (is_place(key)) continue;
    scalars.push_back({.tag = group + key,
                       .step = std::llround(step),
                       .time_s = start_s + (std::isfinite(time_s) ? time_s : 0),
                       .value = value});
  }
}

}  // namespace

std::filesystem::path write_tensorboard(const std::filesystem::path& run, const std::filesystem::path& folder) {
  Run read = read_run(run);
  const std::time_t start = parse_utc(text_in(read.environment, "started")).value_or(0);
  std::vector<Scalar> scalars;
  for (const auto& line : read_metrics(run, read.faults)) {
    const std::string event = text_in(line, "event");
    if (event == "step") add(line, "training/", static_cast<double>(start), scalars);
    if (event == "evaluation") add(line, "validation/", static_cast<double>(start), scalars);
  }
  make_folder(folder / read.name());
  const auto path = folder / read.name() / ("events.out.tfevents." + read.name());
  write_output(path, event_file(static_cast<double>(start), scalars), "--tensorboard");
  return path;
}

}  // namespace hpcai::runs::report
