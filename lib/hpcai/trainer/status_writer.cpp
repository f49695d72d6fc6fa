#include "hpcai/trainer/status_writer.h"

#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>

#include "hpcai/core/log.h"
#include "hpcai/core/utc_time.h"

namespace hpcai::trainer {
namespace {

template <class T>
nlohmann::json or_null(const std::optional<T>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json();
}

}  // namespace

StatusWriter::StatusWriter(std::filesystem::path file, const ThroughputMeter& meter) : file_(std::move(file)), meter_(meter) {
  write("starting", "");
}

void StatusWriter::begin(const CourseLength& length, const Position& position, std::optional<int64_t> resume_step,
                         const checkpoint::Checkpoints& checkpoints) {
  total_steps_ = length.steps;
  position_ = position;
  resume_step_ = resume_step;
  checkpoints_ = &checkpoints;
  refresh();
}

void StatusWriter::step_done(const StepReport& report, double) {
  position_ = report.position;
  loss_ = report.loss;
  samples_ = report.samples;
  refresh();
}

void StatusWriter::paused(double) { refresh(); }

void StatusWriter::end(const std::string& status, const std::string& error) { write(status, error); }

void StatusWriter::refresh() {
  const auto trouble = checkpoints_->trouble();
  const std::string status = trouble ? "saving failed" : "running";
  if (status != status_ || file_.due()) write(status, trouble ? trouble->reason : "");
}

void StatusWriter::write(const std::string& status, const std::string& error) {
  status_ = status;
  const auto saved = checkpoints_ ? checkpoints_->last_saved() : std::nullopt;
  const auto trouble = checkpoints_ ? checkpoints_->trouble() : std::nullopt;
  const double speed = meter_.samples_per_second();
  const log::Warnings warnings = log::warnings();
  nlohmann::json content = {{"status", status},
                            {"step", position_.step},
                            {"total_steps", or_null(total_steps_)},
                            {"epoch", position_.epoch},
                            {"loss", or_null(loss_)},
                            {"samples_per_second", speed > 0 ? nlohmann::json(speed) : nlohmann::json()},
                            {"left_s", nullptr},
                            {"warnings", {{"count", warnings.count}, {"last", warnings.last}}},
                            {"last_checkpoint", or_null(saved ? saved : resume_step_)},
                            {"unsaved_since", nullptr},
                            {"error", error.empty() ? nlohmann::json() : nlohmann::json(error)}};
  if (speed > 0 && total_steps_) content["left_s"] = static_cast<double>((*total_steps_ - position_.step) * samples_) / speed;
  if (trouble) content["unsaved_since"] = utc_text(std::time(nullptr) - static_cast<std::time_t>(trouble->seconds));
  file_.write(std::move(content));
}

}  // namespace hpcai::trainer
