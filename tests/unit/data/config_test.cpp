#include <catch2/catch.hpp>

#include "hpcai/config/bind.h"
#include "hpcai/data/config.h"
#include "hpcai/data/loader_config.h"

using namespace hpcai;

namespace {

struct Both {
  data::DataConfig data;
  data::LoaderConfig loader;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("data", data, {.help = "The data."});
    visitor.field("loader", loader, {.help = "The loader."});
  }
};

}  // namespace

TEST_CASE("the data configs describe themselves without fault") {
  Both both;
  CHECK(config::faults(config::describe(both)).empty());
}
