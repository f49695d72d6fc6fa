#include "hpcai/runs/report/page.h"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>

#include "hpcai/core/base64.h"
#include "hpcai/core/sha256.h"
#include "hpcai/runs/report/assets.h"
#include "hpcai/runs/report/html.h"

namespace hpcai::runs::report {
namespace {

// "sha256-..." of a script or style, as a Content-Security-Policy names it.
std::string policy_hash(std::string_view content) {
  const std::string hex = sha256(content);
  const auto digit = [&](size_t at) { return hex[at] <= '9' ? hex[at] - '0' : hex[at] - 'a' + 10; };
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) bytes += static_cast<char>(16 * digit(i) + digit(i + 1));
  return fmt::format("'sha256-{}'", base64(bytes));
}

std::string library_with_licence() { return fmt::format("/*\n{}*/\n{}", kChartLicence, kChartLibrary); }

// The hashes are those of texts that the program holds, so they are computed once.
const std::string& policy() {
  static const std::string text =
      fmt::format("default-src 'none'; script-src {} {}; style-src {}; img-src data:; base-uri 'none'; form-action 'none'",
                  policy_hash(library_with_licence()), policy_hash(kPageScript), policy_hash(kPageStyle));
  return text;
}

std::string head_html(const Page& page) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n<title>{}</title>\n<style>{}</style>\n</head>\n",
      policy(), escaped(page.title), kPageStyle);
}

std::string_view class_of(Mood mood) {
  switch (mood) {
    case Mood::plain: return "badge";
    case Mood::good: return "badge good";
    case Mood::bad: return "badge bad";
    case Mood::wait: return "badge wait";
  }
  return "";
}

std::string contents_html(const std::vector<Section>& sections) {
  std::string items;
  for (const Section& section : sections) {
    if (section.html.empty()) continue;
    items += element("li", {}, element("a", {{"href", "#" + section.id}}, escaped(section.title))) + "\n";
  }
  return element("nav", {{"aria-label", "Contents"}}, element("ul", {}, items)) + "\n";
}

std::string notices_html(const std::vector<std::string>& notices) {
  if (notices.empty()) return "";
  std::string items;
  for (const std::string& notice : notices) items += element("li", notice);
  return element("div", {{"class", "notices"}, {"role", "note"}, {"aria-label", "Notices"}}, element("ul", {}, items)) + "\n";
}

std::string cards_html(const Page& page) {
  std::string html;
  for (const auto& [name, value] : page.cards) {
    if (!value.empty()) html += element("div", {}, element("dt", name) + element("dd", value)) + "\n";
  }
  return html.empty() ? "" : element("dl", {{"class", "cards"}, {"aria-label", "Key figures"}}, html) + "\n";
}

std::string header_html(const Page& page) {
  std::string html = element("h1", page.title);
  if (!page.badge.empty()) html += element("p", {}, element("span", {{"class", class_of(page.mood)}}, escaped(page.badge)));
  if (!page.lead.empty()) html += element("p", {{"class", "lead"}}, escaped(page.lead));
  if (page.refresh_s > 0) {
    html += element("p", {{"id", "refresh"}, {"class", "note"}, {"data-seconds", fmt::format("{}", page.refresh_s)}},
                    escaped("The run goes on, and this file is written again."));
  }
  return element("header", {}, html + contents_html(page.sections)) + "\n";
}

}  // namespace

std::string html_of(const Page& page) {
  std::string html = head_html(page) + "<body>\n<a class=\"skip\" href=\"#main\">Skip to the report</a>\n";
  html += header_html(page) + "<main id=\"main\">\n" + notices_html(page.notices) + cards_html(page);
  for (const Section& section : page.sections) {
    if (section.html.empty()) continue;
    const std::string heading = section.id + "-heading";
    html += element("section", {{"id", section.id}, {"aria-labelledby", heading}},
                    element("h2", {{"id", heading}}, escaped(section.title)) + "\n" + section.html);
  }
  html += "</main>\n" + element("footer", {}, element("p", page.footer)) + "\n";
  html +=
      "<noscript><p>The charts need a browser that runs the scripts of this file. The tables below each chart have all numbers."
      "</p></noscript>\n";
  html += fmt::format("<script>{}</script>\n<script>{}</script>\n</body>\n</html>\n", library_with_licence(), kPageScript);
  return html;
}

}  // namespace hpcai::runs::report
