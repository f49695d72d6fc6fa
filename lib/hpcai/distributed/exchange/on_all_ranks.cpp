#include "hpcai/distributed/exchange/on_all_ranks.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "hpcai/core/as_error.h"
#include "hpcai/core/json.h"

namespace hpcai::distributed {
namespace {

nlohmann::json failure_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const std::exception& e) {
    const Error error = as_error(e);
    return {{"code", static_cast<int>(error.code())}, {"what", error.what()}, {"remedy", error.remedy()}};
  }
  return nullptr;
}

}  // namespace

void on_all_ranks(Group& group, const std::function<void()>& work) {
  if (group.size() == 1) return work();
  // json_text() accepts file names that are not UTF-8, which a message may quote.
  const auto texts = group.all_gather(json_text(failure_of(work)));
  const auto first = std::find_if(texts.begin(), texts.end(), [](const std::string& text) { return text != "null"; });
  if (first == texts.end()) return;

  const bool all_alike = std::count(texts.begin(), texts.end(), *first) == static_cast<int64_t>(texts.size());
  const auto failure = parse_json(*first);
  const std::string where = all_alike ? "" : fmt::format("rank {}: ", first - texts.begin());
  throw SharedError(static_cast<ExitCode>(failure["code"].get<int>()), where + failure["what"].get<std::string>(),
                    failure["remedy"].get<std::string>());
}

}  // namespace hpcai::distributed
