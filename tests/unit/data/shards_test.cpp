#include "hpcai/data/shards.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "support.h"

using namespace hpcai;
using namespace hpcai::data;

TEST_CASE("shards have their number and that of all in their names") {
  CHECK(shard_path("a/train.h5", 3, 352) == "a/train-00003-of-00352.h5");
  CHECK(shard_path("train.v2.hdf5", 0, 2) == "train.v2-00000-of-00002.hdf5");
  CHECK(shard_path("train.h5", 0, 1) == "train.h5");
}

TEST_CASE("sets of another number of shards are found") {
  const test::TemporaryFolder folder;
  for (const char* name : {"w-00000-of-00003.h5", "w-00002-of-00003.h5", "w-00001-of-00005.h5", "v-00001-of-00007.h5",
                           "w-00009-of-00008.h5", "w-1-of-9.h5", "w-00001-of-00006.csv"}) {
    std::ofstream(folder / name) << "x";
  }
  CHECK(other_shard_counts(folder / "w.h5", 3) == std::vector<int64_t>{5});
  CHECK(other_shard_counts(folder / "w.h5", 4) == std::vector<int64_t>{3, 5});
  CHECK(other_shard_counts(folder / "none" / "w.h5", 4).empty());
}

TEST_CASE("a set that lacks a shard is refused, other names are not judged") {
  CHECK_NOTHROW(refuse_missing_shards({"a.h5", "b-1.h5", "c-00001-of-00001.h5", "c-xxxxx-of-00003.h5"}));
  CHECK_NOTHROW(refuse_missing_shards({"c-00001-of-00002.h5:g", "c-00000-of-00002.h5:g", "d.h5"}));
  const auto thrown = test::thrown_by([] { refuse_missing_shards({"x/c-00000-of-00004.h5", "x/c-00003-of-00004.h5"}); });
  CHECK(thrown.code == ExitCode::missing_input);
  CHECK(thrown.what == "2 of the 4 files of the set x/c.h5 are missing, such as x/c-00001-of-00004.h5");
}
