#pragma once

// Catch2 for tests that include LibTorch: LibTorch's log defines a CHECK of its own, which ends the whole program. This
// header has to come first.
#ifdef CHECK
#error "include check.h before anything that includes Catch2 or LibTorch"
#endif
#include <c10/util/Logging.h>
#undef CHECK
#include <catch2/catch.hpp>
