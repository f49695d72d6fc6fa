#include "hpcai/jobs/batch_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <regex>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/jobs/run_job.h"

namespace hpcai::jobs {
double parse_slurm_time(const std::string& text) {
  std::smatch part;
  static const std::regex with_days("(\\d{1,4})-(\\d{1,2})(?::(\\d{1,2}))?(?::(\\d{1,2}))?");
  static const std::regex clock("(\\d{1,6})(?::(\\d{1,2}))?(?::(\\d{1,2}))?");
  auto number = [&](size_t i) { return part[i].matched ? std::atof(part[i].str().c_str()) : 0.0; };
  double seconds = 0;
  if (std::regex_match(text, part, with_days)) {
    seconds = ((number(1) * 24 + number(2)) * 60 + number(3)) * 60 + number(4);
  } else if (std::regex_match(text, part, clock)) {
    seconds = part[3].matched ? (number(1) * 60 + number(2)) * 60 + number(3) : number(1) * 60 + number(2);
  }
  if (!(seconds > 0)) {
    throw Error(ExitCode::usage, fmt::format("--time: \"{}\" is not a time", text),
                "Write it as Slurm does: 30 (minutes), 4:00:00 (hours:minutes:seconds), 1-12:00:00 (days first).");
  }
  return seconds;
}

std::string format_slurm_time(double seconds) {
  const auto whole = static_cast<int64_t>(std::ceil(seconds));
  const int64_t days = whole / 86400;
  const std::string clock = fmt::format("{:02}:{:02}:{:02}", whole / 3600 % 24, whole / 60 % 60, whole % 60);
  return days > 0 ? fmt::format("{}-{}", days, clock) : clock;
}

std::string batch_script(const BatchJob& job) {
  std::string text = "#!/bin/bash\n";
  auto option = [&](const std::string& line) { text += "#SBATCH " + line + "\n"; };
  std::string name = job.name;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == ' ' || c == '/' || c == '\n'; }, '-');
  option("--job-name=" + shell_word(name));
  option(fmt::format("--nodes={}", job.nodes));
  option(fmt::format("--ntasks-per-node={}", job.ranks_per_node));
  if (job.gpus) option(fmt::format("--gres=gpu:{}", job.ranks_per_node));
  option(fmt::format("--cpus-per-task={}", job.cpus_per_rank));
  if (job.time_s > 0) option("--time=" + format_slurm_time(job.time_s));
  if (job.stops_on_signal) option(fmt::format("--signal=USR1@{:.0f}", kSignalLead_s));
  if (!job.array.empty()) option("--array=" + job.array);
  option("--requeue");
  option("--open-mode=append");
  if (!job.folder.empty()) option("--chdir=" + shell_word(job.folder));
  option("--output=" + shell_word(job.output));
  for (const std::string& words : job.directives) option(words);
  text += "\ncommand=(";
  for (const std::string& word : job.command) text += (text.back() == '(' ? "" : " ") + shell_word(word);
  const std::string element = job.array.empty() ? "" : "/$SLURM_ARRAY_TASK_ID";
  return text + ")\nrun_dir=" + shell_word(job.run_dir) + element + "\n\n" + kRunJob;
}

}  // namespace hpcai::jobs
