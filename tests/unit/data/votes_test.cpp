#include "hpcai/data/votes.h"

#include <catch2/catch.hpp>

#include "support.h"

using namespace hpcai;
using namespace hpcai::data;

namespace {

std::string refused(std::vector<VoteQuestion> questions) {
  const auto thrown = test::thrown_by([&] { check_votes({std::move(questions), false}); });
  CHECK((thrown.code == ExitCode::usage || thrown.what.empty()));
  return thrown.what;
}

const VoteQuestion kShape{"shape", {"smooth", "featured"}, {}, ""};

}  // namespace

TEST_CASE("a tree of questions has answers in order") {
  const std::vector<VoteQuestion> questions = {kShape, {"edge", {"yes", "no"}, {"featured", "smooth"}, "edge_total"}};
  CHECK(refused(questions).empty());
  CHECK(refused({}).empty());
  CHECK(answer_names(questions) == std::vector<std::string>{"smooth", "featured", "yes", "no"});
}

TEST_CASE("a tree of questions that makes no sense is refused with the question") {
  const std::string edge = "data.votes.questions[1] (edge): ";
  CHECK(refused({kShape, {"edge", {"yes"}, {}, ""}}) == edge + "1 answer");
  CHECK(refused({kShape, {"edge", {"yes", "no"}, {"feature"}, ""}}) ==
        edge + "asked_after names feature, which is no answer of an earlier question");
  CHECK(refused({{"edge", {"yes", "no"}, {"yes"}, ""}}).find("asked_after names yes") != std::string::npos);
  CHECK(refused({kShape, {"edge", {"yes", "smooth"}, {}, ""}}).find("the column smooth") != std::string::npos);
  CHECK(refused({kShape, {"edge", {"yes", "yes"}, {}, ""}}).find("the column yes") != std::string::npos);
  CHECK(refused({kShape, {"edge", {"yes", "smooth_low"}, {}, ""}}).find("the column smooth_low") != std::string::npos);
  CHECK(refused({kShape, {"shape", {"yes", "no"}, {}, ""}}).find("the column shape_asked") != std::string::npos);
  CHECK(refused({kShape, {"edge", {"yes", "id"}, {}, ""}}).find("the column id") != std::string::npos);
  CHECK(refused({{"", {"yes", "no"}, {}, ""}}) == "data.votes.questions[0]: the name is empty");
  CHECK(refused({{"edge", {"yes", ""}, {}, ""}}).find("the name of an answer is empty") != std::string::npos);
}
