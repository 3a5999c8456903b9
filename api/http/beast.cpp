// The one compilation of Beast itself (BOOST_BEAST_SEPARATE_COMPILATION).

#include <boost/beast/src.hpp>
