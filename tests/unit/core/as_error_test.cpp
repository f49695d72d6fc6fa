#include "hpcai/core/as_error.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <new>
#include <system_error>

using namespace hpcai;
namespace fs = std::filesystem;

TEST_CASE("exceptions of the standard library become what they are for the user") {
  const auto file = [](std::errc reason) { return fs::filesystem_error("status", "some/path", std::make_error_code(reason)); };
  CHECK(as_error(file(std::errc::permission_denied)).code() == ExitCode::missing_input);
  CHECK(std::string(as_error(file(std::errc::permission_denied)).what()) == "cannot use some/path: Permission denied");
  CHECK(as_error(file(std::errc::no_space_on_device)).code() == ExitCode::cannot_write);
  const std::system_error thread(std::make_error_code(std::errc::resource_unavailable_try_again));
  CHECK(as_error(thread).code() == ExitCode::usage);
  CHECK(std::string(as_error(thread).what()).find("limit of processes and threads") != std::string::npos);
  CHECK(as_error(std::bad_alloc()).code() == ExitCode::usage);
  CHECK(std::string(as_error(std::bad_alloc()).what()) == "out of memory");
}

TEST_CASE("an Error stays itself, and what is unknown is a bug") {
  const Error error = as_error(Error(ExitCode::diverged, "why", "how"));
  CHECK(error.code() == ExitCode::diverged);
  CHECK(error.remedy() == "how");
  CHECK(as_error(std::logic_error("oops")).code() == ExitCode::internal);
  CHECK(std::string(as_error(std::logic_error("oops")).what()) == "oops");
}
