#include "hpcai/data/votes.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "hpcai/config/nearest_keys.h"
#include "hpcai/core/error.h"
#include "hpcai/core/text.h"

namespace hpcai::data {
namespace {

// "data.votes.questions[2] (bar)"
std::string place_of(const std::vector<VoteQuestion>& questions, size_t number) {
  return fmt::format("data.votes.questions[{}] ({})", number, printable(questions[number].name, 60));
}

void require_names_differ(const std::vector<VoteQuestion>& questions) {
  std::map<std::string, std::string> place_of_name = {{"id", "the column of ids"}};  // of the columns of a table of predictions
  const auto add = [&](const std::string& name, const std::string& place) {
    const auto [other, is_new] = place_of_name.emplace(name, place);
    if (is_new) return;
    throw Error(ExitCode::usage,
                fmt::format("{}: the column {} of a table of predictions would also be one of {}", place, printable(name, 60),
                            other->second),
                "Names of questions and answers must differ.");
  };
  for (size_t i = 0; i < questions.size(); ++i) {
    const std::string place = place_of(questions, i);
    add(asked_column(questions[i].name), place);
    for (const std::string& answer : questions[i].answers) {
      for (const std::string& name : {answer, low_column(answer), high_column(answer)}) add(name, place);
    }
  }
}

void require_asked_after(const std::vector<VoteQuestion>& questions, size_t number, const std::vector<std::string>& earlier) {
  for (const std::string& answer : questions[number].asked_after) {
    if (std::find(earlier.begin(), earlier.end(), answer) != earlier.end()) continue;
    const auto similar = config::nearest_names(answer, earlier);
    throw Error(ExitCode::usage,
                fmt::format("{}: asked_after names {}, which is no answer of an earlier question", place_of(questions, number),
                            printable(answer, 60)),
                similar.empty() ? "Name an answer, or move the question down." : config::did_you_mean(similar));
  }
}

}  // namespace

std::vector<std::string> answer_names(const std::vector<VoteQuestion>& questions) {
  std::vector<std::string> names;
  for (const VoteQuestion& question : questions) names.insert(names.end(), question.answers.begin(), question.answers.end());
  return names;
}

void check_votes(const VotesConfig& config) {
  const auto& questions = config.questions;
  for (size_t i = 0; i < questions.size(); ++i) {
    if (questions[i].name.empty()) {
      throw Error(ExitCode::usage, fmt::format("data.votes.questions[{}]: the name is empty", i), "Give the question a name.");
    }
    if (questions[i].answers.size() < 2) {
      throw Error(
          ExitCode::usage,
          fmt::format("{}: {}", place_of(questions, i), plural(static_cast<int64_t>(questions[i].answers.size()), "answer")),
          "A question has at least two answers.");
    }
    if (std::find(questions[i].answers.begin(), questions[i].answers.end(), "") != questions[i].answers.end()) {
      throw Error(ExitCode::usage, place_of(questions, i) + ": the name of an answer is empty",
                  "An answer is the name of a column of the catalogue.");
    }
  }
  require_names_differ(questions);
  std::vector<std::string> earlier;
  for (size_t i = 0; i < questions.size(); ++i) {
    require_asked_after(questions, i, earlier);
    earlier.insert(earlier.end(), questions[i].answers.begin(), questions[i].answers.end());
  }
}

std::string low_column(const std::string& answer) { return answer + "_low"; }
std::string high_column(const std::string& answer) { return answer + "_high"; }
std::string asked_column(const std::string& question) { return question + "_asked"; }

}  // namespace hpcai::data
