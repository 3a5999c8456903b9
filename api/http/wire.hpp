// The written half of HTTP/1.1: requests and answers as the bytes that go out. The read half is
// codec.hpp.

#pragma once

#include "api/http/message.hpp"
#include "api/http/stream.hpp"

#include <string>
#include <string_view>

namespace trueup {

// Header names are compared without regard to case.
bool same_name(std::string_view a, std::string_view b);

// Refuses what could be read as something else on the wire: control characters in a name, a value
// or the target, and headers that belong to the client itself. Fails with invalid_input; no value
// is quoted.
Result<void> check_request(const HttpRequest& request);

// The whole request, body included. It holds the credential: wipe it after use. It is written into
// one allocation of the right size, so that no copy of the credential stays behind. `request` was
// checked.
std::string write_request(const Origin& origin, const HttpRequest& request);

enum class AfterAnswer { keep_alive, close };
enum class AnswerBody { send, omit };

// The whole answer. Content-Length and Connection are the server's own, whatever `response` says.
std::string write_response(const HttpResponse& response, AfterAnswer after, AnswerBody body);

// The head of an answer whose body comes in chunks, after which the connection ends; and one chunk
// of it. An empty chunk is the last.
std::string write_chunked_head(const HttpResponse& response);
std::string write_chunk(std::string_view text);

} // namespace trueup
