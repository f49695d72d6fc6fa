// ranks [--nproc N] [--port P] [--timeout S] [--connect-timeout S] [--interface NAME] SCENARIO [ARGUMENT]
#include <cstdio>
#include <exception>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/stop_signal.h"
#include "hpcai/distributed/world/launch.h"
#include "scenarios.h"

using namespace hpcai::distributed;
using hpcai::Environment;
using hpcai::process_environment;

namespace {

int run(const std::vector<std::string>& arguments) {
  int nproc = 0, port = 0;
  bool has_nproc = false;
  ranks::Setting setting;
  size_t i = 0;
  for (; i + 1 < arguments.size() && arguments[i].starts_with("--"); i += 2) {
    const std::string& value = arguments[i + 1];
    if (arguments[i] == "--nproc") nproc = std::stoi(value), has_nproc = true;
    if (arguments[i] == "--port") port = std::stoi(value);
    if (arguments[i] == "--timeout") setting.config.timeout_s = std::stod(value);
    if (arguments[i] == "--connect-timeout") setting.config.connect_timeout_s = std::stod(value);
    if (arguments[i] == "--interface") setting.config.interface = value;
  }
  const hpcai::Environment environment = hpcai::process_environment();
  if (has_nproc && !environment.contains("HPCAI_RANK")) return run_local_ranks(nproc, arguments, port);
  setting.world = detect_world(environment, port);
  setting.argument = i + 1 < arguments.size() ? arguments[i + 1] : "";
  hpcai::log::set_rank(setting.world.rank);
  ranks::Scenarios scenarios;
  ranks::add_collectives(scenarios);
  ranks::add_compression(scenarios);
  ranks::add_gradients(scenarios);
  ranks::add_host_sums(scenarios);
  ranks::add_lost_ranks(scenarios);
  ranks::add_speed(scenarios);
  scenarios.at(arguments.at(i))(setting);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  hpcai::note_stop_signals();  // unblocks what --nproc has blocked
  hpcai::restore_stop_signals();
  int status = 1;
  try {
    status = run({argv + 1, argv + argc});
  } catch (const hpcai::Error& error) {
    hpcai::log::error("{} {}", error.what(), error.remedy());
    status = static_cast<int>(error.code());
  } catch (const std::exception& error) {
    hpcai::log::error("{}", error.what());
  }
  std::fflush(nullptr);
  std::_Exit(status);  // as the program does: exchanges that will never end must not hold it back
}
