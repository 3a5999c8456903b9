// TLS over a connected socket, for both ends, as a ByteStream. The only user of Asio's TLS streams.
//
// Versions before 1.2 and peers that cannot prove who they are are refused.

#pragma once

#include "api/http/client.hpp"
#include "api/http/server.hpp"
#include "api/http/tcp.hpp"

#include <memory>

namespace trueup {

// Certificates and rules that many connections share.
struct TlsContext;

// Fails with invalid_input on files that cannot be read or do not belong together.
Result<std::shared_ptr<TlsContext>> make_client_tls(const TlsOptions& options);
// Fails with invalid_input on PEM that cannot be used.
Result<std::shared_ptr<TlsContext>> make_server_tls(const ServerTls& options);

// Shakes hands with the server `origin` names, and checks that it is that server. Fails with
// rejected when it is not, in words that tell what to mend, and with network and timed_out. `clock`
// must outlive the task.
Task<Result<std::unique_ptr<ByteStream>>> secure_client(std::shared_ptr<TlsContext> context,
                                                        TcpSocket socket,
                                                        Origin origin,
                                                        Clock& clock,
                                                        Duration max);

// The server's side of the handshake. Fails with network and timed_out.
Task<Result<std::unique_ptr<ByteStream>>>
secure_server(std::shared_ptr<TlsContext> context, TcpSocket socket, Clock& clock, Duration max);

} // namespace trueup
