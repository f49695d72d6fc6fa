#include "output_name.h"

#include <fmt/format.h>

#include <algorithm>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"

namespace hpcai::app {

void require_ending(const std::filesystem::path& path, const std::string& option, const std::vector<std::string>& endings,
                    const std::string& remedy) {
  if (std::ranges::find(endings, path.extension().string()) != endings.end()) return;
  throw Error(ExitCode::usage, fmt::format("{} {}: the name must end in {}", option, printable(path), join_words(endings, "or")),
              remedy);
}

bool is_hdf5_name(const std::filesystem::path& path) { return path.extension() == ".h5" || path.extension() == ".hdf5"; }

}  // namespace hpcai::app
