// The one compilation of Asio's TLS streams (BOOST_ASIO_SEPARATE_COMPILATION).

#include <boost/asio/ssl/impl/src.hpp>
