#include "hpcai/data/tables/filter_syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"

namespace hpcai::data {
namespace {

using Operation = FilterOperation;

constexpr size_t kLongestFilter = 10000, kDeepestFilter = 200;

enum class TokenKind { end, number, text, column, word, sign };

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text{};  // of a word in lower case
  double number = 0;
  size_t at = 0;
};

constexpr std::array<std::pair<std::string_view, Operation>, 8> kComparisons = {{{"<", Operation::less},
                                                                                 {"<=", Operation::at_most},
                                                                                 {">", Operation::greater},
                                                                                 {">=", Operation::at_least},
                                                                                 {"=", Operation::equal},
                                                                                 {"==", Operation::equal},
                                                                                 {"!=", Operation::unequal},
                                                                                 {"<>", Operation::unequal}}};

bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

class FilterParser {
 public:
  FilterParser(std::string_view text, const std::string& setting) : text_(text), setting_(setting) { advance(); }

  std::vector<FilterNode> parse() {
    const size_t whole = alternatives();
    if (token_.kind != TokenKind::end) refuse(token_.at, fmt::format("expected and, or, or the end, found {}", found()));
    require_condition(whole);
    return std::move(nodes_);
  }

 private:
  [[noreturn]] void refuse(size_t at, const std::string& what) const { refuse_filter(text_, setting_, at, what); }

  std::string found() const {
    switch (token_.kind) {
      case TokenKind::end: return "the end";
      case TokenKind::number: return "a number";
      case TokenKind::text: return "a text";
      case TokenKind::column: return "the column " + printable(std::string_view(token_.text), 40);
      case TokenKind::word:
      case TokenKind::sign: break;
    }
    return "'" + printable(std::string_view(token_.text), 40) + "'";
  }

  // Reads the next token into token_.
  void advance() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
    token_ = {TokenKind::end, {}, 0, at_};
    if (at_ == text_.size()) return;
    const char c = text_[at_];
    if (c == '\'') return take_quoted(TokenKind::text);
    if (c == '"' || c == '`') return take_quoted(TokenKind::column);
    if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) return take_value();
    if (starts_name(c)) return take_name();
    take_sign();
  }

  void take_quoted(TokenKind kind) {
    const char quote = text_[at_++];
    token_.kind = kind;
    while (true) {
      if (at_ == text_.size()) refuse(token_.at, "a quote is opened and never closed");
      if (text_[at_] == quote && (at_ + 1 == text_.size() || text_[at_ + 1] != quote)) break;
      if (text_[at_] == quote) ++at_;
      token_.text += text_[at_++];
    }
    ++at_;
  }

  void take_value() {
    std::string_view rest = text_.substr(at_);
    const size_t before = rest.size();
    const auto number = take_number<double>(rest);
    if (!number) refuse(at_, "a number that is too large");
    constexpr double kExactInteger = 1e15;
    if (*number >= kExactInteger && *number < 1e20) {  // the range of survey ids
      refuse(at_, "a number of so many digits is not exact; compare names of objects as a 'text'");
    }
    at_ += before - rest.size();
    if (at_ < text_.size() && (starts_name(text_[at_]) || text_[at_] == '.')) {
      refuse(token_.at, "a number that goes on with letters; a column whose name starts with a digit needs double quotes");
    }
    token_.kind = TokenKind::number;
    token_.number = *number;
  }

  void take_name() {
    const size_t begin = at_;
    while (at_ < text_.size() && (starts_name(text_[at_]) || is_digit(text_[at_]) || text_[at_] == '.')) ++at_;
    token_.text = text_.substr(begin, at_ - begin);
    const std::string word = lower_case(token_.text);
    token_.kind = word == "and" || word == "or" || word == "not" ? TokenKind::word : TokenKind::column;
    if (token_.kind == TokenKind::word) token_.text = word;
  }

  void take_sign() {
    constexpr std::string_view kSigns = "()+-*/<>=!";
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("&&") || rest.starts_with("||")) refuse(at_, fmt::format("write {}", rest[0] == '&' ? "and" : "or"));
    const bool two = rest.starts_with("<=") || rest.starts_with(">=") || rest.starts_with("==") || rest.starts_with("!=") ||
                     rest.starts_with("<>");
    token_.kind = TokenKind::sign;
    token_.text = rest.substr(0, two ? 2 : 1);
    if (kSigns.find(rest[0]) == std::string_view::npos || token_.text == "!") {
      refuse(at_, token_.text == "!" ? "write not"
                                     : fmt::format("a character that has no meaning here: {}", printable(rest.substr(0, 1))));
    }
    at_ += token_.text.size();
  }

  bool is_word(std::string_view word) const { return token_.kind == TokenKind::word && token_.text == word; }
  bool is_sign(std::string_view sign) const { return token_.kind == TokenKind::sign && token_.text == sign; }

  size_t add(FilterNode node) {
    nodes_.push_back(std::move(node));
    return nodes_.size() - 1;
  }

  void require_condition(size_t node) const {
    if (!is_condition(nodes_[node])) {
      refuse(nodes_[node].at, "a value where a condition is expected; compare it, as in SPIRAL == 1");
    }
  }

  void require_number(size_t node) const {
    if (is_condition(nodes_[node])) refuse(nodes_[node].at, "a condition where a value is expected");
    if (nodes_[node].operation == Operation::text)
      refuse(nodes_[node].at, "a text where a number is expected; columns take double quotes");
  }

  void deepen(size_t at) {
    if (++depth_ > kDeepestFilter) refuse(at, fmt::format("more than {} levels", kDeepestFilter));
  }

  size_t join(Operation operation, const char* word, size_t (FilterParser::*part)()) {
    size_t left = (this->*part)();
    while (is_word(word)) {
      const size_t at = token_.at;
      require_condition(left);
      advance();
      const size_t right = (this->*part)();
      require_condition(right);
      left = add({operation, left, right, 0, {}, at});
    }
    return left;
  }
  size_t alternatives() { return join(Operation::either, "or", &FilterParser::conjunction); }
  size_t conjunction() { return join(Operation::both, "and", &FilterParser::negation); }

  size_t negation() {
    if (!is_word("not")) return comparison();
    const size_t at = token_.at;
    deepen(at);
    advance();
    const size_t operand = negation();
    require_condition(operand);
    --depth_;
    return add({Operation::opposite, operand, 0, 0, {}, at});
  }

  const Operation* comparison_sign() const {
    if (token_.kind != TokenKind::sign) return nullptr;
    const auto known =
        std::find_if(kComparisons.begin(), kComparisons.end(), [&](const auto& pair) { return pair.first == token_.text; });
    return known == kComparisons.end() ? nullptr : &known->second;
  }

  size_t comparison() {
    const size_t left = sum();
    const Operation* operation = comparison_sign();
    if (operation == nullptr) return left;
    const size_t at = token_.at;
    if (is_condition(nodes_[left])) refuse(at, "a comparison of a condition; join conditions by and or or");
    advance();
    const size_t right = sum();
    if (is_condition(nodes_[right])) refuse(nodes_[right].at, "a condition where a value is expected");
    if (comparison_sign() != nullptr) refuse(token_.at, "a second comparison; join two by and");
    check_texts(*operation, left, right);
    return add({*operation, left, right, 0, {}, at});
  }

  // A text is only equal or unequal to a column.
  void check_texts(Operation operation, size_t left, size_t right) const {
    for (const auto& [one, other] : {std::pair(left, right), std::pair(right, left)}) {
      if (nodes_[one].operation != Operation::text) continue;
      if (nodes_[other].operation != Operation::column) refuse(nodes_[one].at, "a text can be compared with a column only");
      if (operation != Operation::equal && operation != Operation::unequal) {
        refuse(nodes_[one].at, "a text is equal (==) or not (!=), neither larger nor smaller");
      }
    }
  }

  size_t sum() {
    size_t left = product();
    while (is_sign("+") || is_sign("-"))
      left = operate(is_sign("+") ? Operation::add : Operation::subtract, left, &FilterParser::product);
    return left;
  }

  size_t product() {
    size_t left = factor();
    while (is_sign("*") || is_sign("/")) {
      left = operate(is_sign("*") ? Operation::multiply : Operation::divide, left, &FilterParser::factor);
    }
    return left;
  }

  size_t operate(Operation operation, size_t left, size_t (FilterParser::*part)()) {
    const size_t at = token_.at;
    require_number(left);
    advance();
    const size_t right = (this->*part)();
    require_number(right);
    return add({operation, left, right, 0, {}, at});
  }

  size_t factor() {
    const Token token = token_;
    if (is_sign("-")) {
      deepen(token.at);
      advance();
      const size_t operand = factor();
      require_number(operand);
      --depth_;
      return add({Operation::minus, operand, 0, 0, {}, token.at});
    }
    if (is_sign("(")) {
      deepen(token.at);
      advance();
      const size_t inner = alternatives();
      if (!is_sign(")")) refuse(token_.at, fmt::format("expected ), found {}", found()));
      advance();
      --depth_;
      return inner;
    }
    if (token.kind != TokenKind::number && token.kind != TokenKind::text && token.kind != TokenKind::column) {
      refuse(token.at, fmt::format("expected a number, a column or (, found {}", found()));
    }
    advance();
    if (token.kind == TokenKind::number) return add({Operation::number, 0, 0, token.number, {}, token.at});
    return add({token.kind == TokenKind::text ? Operation::text : Operation::column, 0, 0, 0, token.text, token.at});
  }

  std::string_view text_;
  const std::string& setting_;
  size_t at_ = 0;
  size_t depth_ = 0;
  Token token_;
  std::vector<FilterNode> nodes_;
};

}  // namespace

bool is_condition(const FilterNode& node) { return node.operation >= FilterOperation::equal; }

std::vector<FilterNode> parse_filter(std::string_view text, const std::string& setting) {
  if (text.size() > kLongestFilter) {
    throw Error(ExitCode::usage, fmt::format("{}: a condition of {} bytes", setting, text.size()),
                fmt::format("Write one of at most {}, or filter the table before.", kLongestFilter));
  }
  return FilterParser(text, setting).parse();
}

void refuse_filter(std::string_view text, const std::string& setting, size_t at, const std::string& what) {
  constexpr size_t kLongestShown = 120;
  std::string place;
  if (const std::string shown = printable(text); text.size() <= kLongestShown && shown == text) {
    place = fmt::format("\n  {}\n  {:>{}}", shown, '^', at + 1);
  }
  throw Error(ExitCode::usage, fmt::format("{}, character {}: {}{}", setting, at + 1, what, place),
              "Write comparisons of columns with numbers or 'texts', joined by and, or, not and parentheses.");
}

}  // namespace hpcai::data
