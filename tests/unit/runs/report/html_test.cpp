#include "check.h"

#include "hpcai/runs/report/html.h"

#include <limits>
#include <string>

using namespace hpcai::runs::report;

TEST_CASE("Text cannot end its element or its attribute") {
  CHECK(escaped("</script><a href=\"x\" onclick='y'>&") ==
        "&lt;/script&gt;&lt;a href=&quot;x&quot; onclick=&#39;y&#39;&gt;&amp;");
  CHECK(element("p", {{"title", "a\"b"}}, "<b>x</b>") == "<p title=\"a&quot;b\"><b>x</b></p>");
  CHECK(element("p", "a<b") == "<p>a&lt;b</p>");
}

TEST_CASE("Bytes that are no text become replacement characters") {
  CHECK(escaped("a\x1b[31m\x7f") == "a\xef\xbf\xbd[31m\xef\xbf\xbd");
  CHECK(escaped("Gr\xc3\xb6\xc3\x9f"
                "e \xff") ==
        "Gr\xc3\xb6\xc3\x9f"
        "e \xef\xbf\xbd");
  CHECK(escaped("two\n\tlines") == "two\n\tlines");
}

TEST_CASE("An exact number reads back as the same double") {
  for (const double value : {0.1, 1.0 / 3, 1e-300, 123456789.0, -0.0, 32422.56107705491}) CHECK(std::stod(exact(value)) == value);
  CHECK(exact(2040) == "2040");
  CHECK(exact(std::numeric_limits<double>::quiet_NaN()).empty());
  CHECK(exact(std::numeric_limits<double>::infinity()).empty());
}

TEST_CASE("A rounded number is short, and grouped by thousands") {
  CHECK(rounded(0.123456) == "0.1235");
  CHECK(rounded(10295576) == "10,295,576");
  CHECK(rounded(-12345.6) == "-12,346");
  CHECK(rounded(2040) == "2,040");
  CHECK(rounded(999.96) == "1000");
  CHECK(rounded(0) == "0");
  CHECK(rounded(std::numeric_limits<double>::quiet_NaN()).empty());
}

TEST_CASE("A list of facts leaves out what is not known") {
  CHECK(facts_html({{"a", "1"}, {"b", ""}}).find("<dt>b</dt>") == std::string::npos);
  CHECK(facts_html({{"b", ""}}).empty());
}

TEST_CASE("References in a text of XML are resolved once") {
  CHECK(unescaped("a &amp; b &lt;c&gt; &quot;d&apos; &#38;&#x26;") == "a & b <c> \"d' &&");
  CHECK(unescaped("&amp;lt;") == "&lt;");
  CHECK(unescaped("&#xe9;&#x1f600;") == "\xc3\xa9\xf0\x9f\x98\x80");
  CHECK(unescaped("R&D; & &nbsp; &#; &#x; &#zz; &") == "R&D; & &nbsp; &#; &#x; &#zz; &");
  CHECK(unescaped("&#xd800;&#99999999;") == "\xef\xbf\xbd&#99999999;");
}
