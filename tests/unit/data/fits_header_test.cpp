#include "hpcai/data/fits_header.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "hpcai/data/image.h"

using namespace hpcai::data;

namespace {

using Cards = std::vector<std::string>;

const Cards kTableCards = {"XTENSION= 'BINTABLE'           / a table",
                           "BITPIX  =                    8",
                           "NAXIS   =                    2",
                           "NAXIS1  =                   16 / bytes of a row",
                           "NAXIS2  =                  +10",
                           "PCOUNT  =                    0",
                           "GCOUNT  =                    1",
                           "TFIELDS =                    2",
                           "ZCMPTYPE= 'RICE_1  '",
                           "ZTILE1  =                   20",
                           "ZVAL1   =                   32"};

std::string cards_of(const Cards& cards, bool has_end = true) {
  std::string text;
  for (const std::string& card : cards) text += card + std::string(80 - card.size(), ' ');
  return has_end ? text + "END" + std::string(77, ' ') : text;
}

std::string card_error(const std::string& bytes) {
  try {
    check_fits_header(bytes);
  } catch (const ImageError& error) {
    return error.what();
  }
  return "";
}

std::string card_error_with(size_t card, const std::string& text) {
  Cards cards = kTableCards;
  cards.at(card) = text;
  return card_error(cards_of(cards));
}

}  // namespace

TEST_CASE("sound headers of tables and images pass") {
  CHECK(card_error(cards_of(kTableCards)) == "");
  CHECK(card_error(cards_of(kTableCards) + "NAXIS1  = broken") == "");  // data
  CHECK(card_error_with(0, "XTENSION= 'IMAGE   '           / no TABLE") == "");
  CHECK(card_error(cards_of({"SIMPLE  =                    T", "BITPIX  = -32 / floats", "NAXIS   = 0", "HISTORY NAXIS1"})) ==
        "");
  CHECK(card_error("") == "");
  CHECK(card_error("SIMPLE  =") == "");
}

TEST_CASE("a table without its keywords, or with damaged ones, does not reach CFITSIO") {
  CHECK(card_error_with(3, "NAXIS1  =                   -1") == "damaged FITS: its NAXIS1 is -1");
  CHECK(card_error_with(4, "NAXIS2  =                   1x") == "damaged FITS: its NAXIS2 is 1x");
  CHECK(card_error_with(4, "NAXIS2  =  \r                 2") == "damaged FITS: its NAXIS2 is \\r");
  CHECK(card_error_with(4, "NAXIS\xff\xff\xff=                    2") == "damaged FITS: a table without its NAXIS2");
  CHECK(card_error_with(5, "PCOUNT  =        (         662") == "damaged FITS: its PCOUNT is (");
  CHECK(card_error_with(1, "BITPIX  =   (                8") == "damaged FITS: its BITPIX is (");
  CHECK(card_error_with(7, "TFIELDS =                 1000") == "damaged FITS: its TFIELDS is 1000");
  CHECK(card_error_with(7, "TFIELDS = 99999999999999999999") == "damaged FITS: its TFIELDS is 99999999999999999999");
  CHECK(card_error_with(7, "TFIELDS =") == "damaged FITS: its TFIELDS is missing");
  CHECK(card_error_with(7, "TFIELDS") == "damaged FITS: its TFIELDS is missing");
  CHECK(card_error_with(7, "TFIELD  =                    2") == "damaged FITS: a table without its TFIELDS");
  CHECK(card_error(cards_of(Cards(kTableCards.begin(), kTableCards.begin() + 7))) == "damaged FITS: a table without its TFIELDS");
  CHECK(card_error(cards_of({kTableCards[0]}, false)) == "damaged FITS: a table without its BITPIX");
}

TEST_CASE("numbers by which CFITSIO divides, or that it has no room for, are refused") {
  CHECK(card_error_with(9, "ZTILE1  =                    0") == "damaged FITS: its ZTILE1 is 0");
  CHECK(card_error_with(9, "ztile12 =                  0.9") == "damaged FITS: its ZTILE12 is 0.9");
  CHECK(card_error_with(9, "ZNAXIS1 =                    0") ==
        "damaged FITS: its ZNAXIS1 is 0");  // the size of tiles without ZTILE1
  CHECK(card_error_with(9, "HIERARCH   ZTILE1 =          0") == "damaged FITS: its ZTILE1 is 0");
  CHECK(card_error_with(10, "ZVAL1   =                    0") == "damaged FITS: its ZVAL1 is 0");
  Cards hcompress = kTableCards;
  hcompress[8] = "ZCMPTYPE= 'HCOMPRESS_1'", hcompress[10] = "ZVAL1   =                   0.";
  CHECK(card_error(cards_of(hcompress)) == "");
  Cards many = {"SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                  200"};
  for (int i = 1; i <= 200; ++i) many.push_back("NAXIS" + std::to_string(i) + " = 1");
  CHECK(card_error(cards_of(many)) == "damaged FITS: its NAXIS is 200");
}
