#include "hpcai/data/sample_column.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "support.h"

using namespace hpcai;
using namespace hpcai::data;

namespace {

// Samples that are named, and no more.
class Named : public Dataset {
 public:
  explicit Named(std::vector<std::string> names) : Dataset({{3, 8, 8}, {"a", "b"}, {}}), names_(std::move(names)) {}
  int64_t size() const override { return static_cast<int64_t>(names_.size()); }
  std::string id(int64_t index) const override { return names_[static_cast<size_t>(index)]; }
  std::string where(int64_t index) const override { return id(index); }
  void read(int64_t, const Draw*, float*) const override {}
  at::Tensor targets(std::span<const int64_t>) const override { return {}; }

 private:
  std::vector<std::string> names_;
};

using Cells = std::vector<std::string>;

}  // namespace

TEST_CASE("the cells of a column come in the order of the samples") {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "labels.csv") << "file,label,kind\nim/a.png,a, edge on \n./im/b.png,b,nan\nc.png,a,\"x, y\"\n";
  const SampleTable table{folder / "labels.csv", "file"};
  CHECK(sample_column(table, "kind", Named({"c.png", "im/b.png", "im/a.png"})) == Cells{"x, y", "", "edge on"});
  const auto thrown = test::thrown_by([&] { sample_column(table, "kind", Named({"c.png", "d.png"})); });
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK_THAT(thrown.what, Catch::Contains("labels.csv: no row names d.png"));
  CHECK_THAT(test::thrown_by([&] { sample_column(table, "colour", Named({"c.png"})); }).what,
             Catch::Contains("no column colour; there are file, label, kind"));
}

TEST_CASE("the table of samples is the catalogue, or that of new samples") {
  const test::TemporaryFolder folder;
  ImageFolderConfig stored;
  stored.folder = "images";
  stored.catalogue = "list.csv";
  stored.file_column = "name";
  CHECK(sample_table(stored, Split::test, "").path == "images/list.csv");
  CHECK(sample_table(stored, Split::test, "").id_column == "name");
  CHECK(sample_table(stored, Split::test, folder.path()).path == folder / "list.csv");
  CHECK(sample_table(SimulatedGalaxiesConfig(), Split::test, folder.path()).path == folder / "labels.csv");
  CHECK(sample_table(SimulatedGalaxiesConfig(), Split::test, folder / "new.csv").path == folder / "new.csv");
  CHECK(test::thrown_by([] { sample_table(SimulatedGalaxiesConfig(), Split::test, ""); }).code == ExitCode::usage);
}
