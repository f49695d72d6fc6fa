#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "hpcai/runs/report/page.h"

namespace hpcai::runs::report {

// The figures (.svg, .png) and then the texts (.md) that lie in a folder or in a folder directly within it, such as those of
// `evaluate --report`. A figure becomes an image, in which no script runs. Figures beyond budget.picture_bytes and texts beyond
// budget.text_bytes are left out, the largest first, and `notices` names them. `title` stands above them, unless there are none.
std::string findings_html(const std::filesystem::path& folder, const std::string& title, const Budget& budget,
                          std::vector<std::string>& notices);

}  // namespace hpcai::runs::report
