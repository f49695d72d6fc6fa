#pragma once

#include <string>

namespace hpcai::data::test {

// What scripts/make_array_fixtures.py wrote.
inline std::string array_fixture(const std::string& name) { return HPCAI_SOURCE_DIR "/tests/fixtures/arrays/" + name; }

}  // namespace hpcai::data::test
