#pragma once

#include <string>

#include "hpcai/core/file.h"

namespace hpcai::data::test {

// The bytes of a file that scripts/make_fits_fixtures.py has written.
inline std::string fits_fixture(const std::string& name) {
  return read_file(std::string(HPCAI_SOURCE_DIR) + "/tests/fixtures/fits/" + name);
}

}  // namespace hpcai::data::test
