#include "sample.h"

#include "hpcai/core/error.h"

namespace sample {

Experiment parse(const std::string& text, const std::vector<std::string>& overrides) {
  return hpcai::config::parse<Experiment>(text, "c.yaml", overrides);
}

std::string complaint(const std::string& text, const std::vector<std::string>& overrides) {
  try {
    parse(text, overrides);
    return "";
  } catch (const hpcai::Error& error) {
    return error.code() == hpcai::ExitCode::usage ? error.what() : std::string("wrong exit code: ") + error.what();
  }
}

std::string complaint_about_lines(const std::string& lines) { return complaint(kShortText + lines); }

}  // namespace sample
