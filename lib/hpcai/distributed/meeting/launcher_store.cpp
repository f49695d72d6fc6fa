#include "hpcai/distributed/meeting/launcher_store.h"

#include <fmt/format.h>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <future>
#include <thread>

#include "hpcai/core/error.h"
#include "hpcai/core/sha256.h"

namespace hpcai::distributed {
namespace {

using Store = c10::intrusive_ptr<c10d::TCPStore>;

// The key of this run. Each attempt of torchrun to run the job has its own.
std::string key_of(const World& world) { return "hpcai-train/" + sha256(world.job); }

[[noreturn]] void fail(const World& world, const std::string& what) {
  throw Error(
      ExitCode::peers_unreachable,
      fmt::format("rendezvous: the store of {} at {}, port {} {}", world.launcher, world.master_host, world.master_port, what),
      "Look at the messages of the launcher and of rank 0.");
}

// Opens the store in a thread of its own, because c10d waits without a limit for a program that accepts the connection and sends
// nothing. After the limit the thread is left behind: the process ends soon.
Store open_store(const World& world, std::chrono::milliseconds limit) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(world.master_port);
  options.waitWorkers = false;
  options.timeout = limit;
  std::packaged_task<Store()> greet(
      [host = world.master_host, options] { return c10::make_intrusive<c10d::TCPStore>(host, options); });
  std::future<Store> store = greet.get_future();
  std::thread(std::move(greet)).detach();
  if (store.wait_for(limit) != std::future_status::ready) fail(world, "does not answer");
  return store.get();
}

}  // namespace

void publish_place(const World& world, const std::string& place, std::chrono::milliseconds limit) {
  try {
    static_cast<c10d::Store&>(*open_store(world, limit)).set(key_of(world), place);
  } catch (const c10::Error&) {
    fail(world, "does not answer");
  }
}

std::string published_place(const World& world, std::chrono::milliseconds limit) {
  try {
    const Store store = open_store(world, limit);
    store->setTimeout(limit);
    const auto bytes = store->get(key_of(world));
    return {bytes.begin(), bytes.end()};
  } catch (const c10::Error&) {
    fail(world, "does not tell where rank 0 is");
  }
}

}  // namespace hpcai::distributed
