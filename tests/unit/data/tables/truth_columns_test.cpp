#include "hpcai/data/tables/truth_columns.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "../support.h"

using namespace hpcai;
using namespace hpcai::data;

namespace {

using Row = std::vector<float>;

std::vector<Row> votes_of(const std::string& table, const VotesConfig& config) {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "votes.csv") << table;
  const Csv csv(folder / "votes.csv");
  const VoteColumns columns(csv, config);
  std::vector<Row> rows;
  for (int64_t row = 0; row < csv.rows(); ++row) rows.push_back(columns.votes(row));
  return rows;
}

std::vector<Row> probabilities_of(const std::string& table) {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "votes.csv") << table;
  const Csv csv(folder / "votes.csv");
  const ProbabilityColumns columns(csv, {"a", "b"});
  std::vector<Row> rows;
  for (int64_t row = 0; row < csv.rows(); ++row) rows.push_back(columns.probabilities(row));
  return rows;
}

VotesConfig tree(const std::string& total = "", bool fractional = false) {
  return {{{"shape", {"smooth", "featured"}, {}, total}}, fractional};
}

std::string refusal(const std::string& table, const VotesConfig& config) {
  const auto thrown = test::thrown_by([&] { votes_of(table, config); });
  CHECK(thrown.code == ExitCode::bad_data);
  return thrown.what;
}

}  // namespace

TEST_CASE("votes are numbers of a table, and missing ones are none") {
  CHECK(votes_of("id,featured,smooth\n1,3,40\n2,,nan\n3,0,7.0\n", tree()) == std::vector<Row>{{40, 3}, {0, 0}, {7, 0}});
}

TEST_CASE("fractions of votes are multiplied by their total") {
  const auto rows = votes_of("smooth,featured,n\n0.75,0.25,40\n0.5,0.5,\n,1,3\n", tree("n"));
  CHECK(rows == std::vector<Row>{{30, 10}, {0, 0}, {0, 3}});
  CHECK_THAT(refusal("smooth,featured,n\n40,3,43\n", tree("n")),
             Catch::EndsWith("column smooth holds '40', which is no fraction of votes"));
}

TEST_CASE("numbers that are no votes are refused with row and column") {
  CHECK_THAT(refusal("smooth,featured\n3,4\n-1,2\n", tree()),
             Catch::EndsWith("votes.csv:3: column smooth holds '-1', which is below 0"));
  CHECK_THAT(refusal("smooth,featured\n3,many\n", tree()), Catch::EndsWith("column featured holds 'many', no number"));
  CHECK_THAT(refusal("smooth,featured\n3,587722981742215240\n", tree()), Catch::Contains("which is no number of votes"));
  CHECK_THAT(refusal("smooth,featured\n0.75,0.25\n", tree()), Catch::EndsWith("holds '0.75', which is no whole number of votes"));
  CHECK(votes_of("smooth,featured\n0.75,0.25\n", tree("", true)) == std::vector<Row>{{0.75F, 0.25F}});
  CHECK_THAT(refusal("smooth,other\n3,4\n", tree()), Catch::Contains("no column featured"));
}

TEST_CASE("soft labels are normalised, and without a number they are not known") {
  const auto rows = probabilities_of("a,b\n0.6,0.2\n0,3\n0,0\n0.5,\n");
  REQUIRE(rows.size() == 4);
  CHECK(rows[0] == Row{0.75F, 0.25F});
  CHECK(rows[1] == Row{0, 1});
  CHECK(rows[2].empty());
  CHECK(rows[3].empty());
  CHECK_THAT(test::thrown_by([] { probabilities_of("a,b\n0.6,-0.2\n"); }).what, Catch::Contains("which is below 0"));
  CHECK_THAT(test::thrown_by([] { probabilities_of("a,b\n0.6,spiral\n"); }).what, Catch::Contains("no number"));
}
