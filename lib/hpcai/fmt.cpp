// LibTorch carries the headers of fmt without its library. Compiled here once, or else each source would compile all of it.
#include <fmt/format-inl.h>

template fmt::detail::dragonbox::decimal_fp<float> fmt::detail::dragonbox::to_decimal(float) noexcept;
template fmt::detail::dragonbox::decimal_fp<double> fmt::detail::dragonbox::to_decimal(double) noexcept;
template fmt::detail::thousands_sep_result<char> fmt::detail::thousands_sep_impl(fmt::locale_ref);
template char fmt::detail::decimal_point_impl(fmt::locale_ref);
