#pragma once

#include <string_view>

// Files of this folder. lib/CMakeLists.txt puts their texts into the program.
namespace hpcai::runs::report {

extern const std::string_view kChartLibrary;  // third_party/chart.js/chart.min.js
extern const std::string_view kChartLicence;  // third_party/chart.js/LICENSE
extern const std::string_view kPageScript;    // page.js
extern const std::string_view kPageStyle;     // page.css

}  // namespace hpcai::runs::report
