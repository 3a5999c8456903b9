// Finds the route of a request.

#pragma once

#include "api/sandbox/rules.hpp"

#include <map>
#include <string>
#include <vector>

namespace trueup::sandbox {

class Router {
public:
    explicit Router(const Rules& rules); // must outlive the router

    struct Match {
        const Route* route = nullptr; // null: no route, or not with this method
        Value params = Map{};         // of the path
        std::string allowed;          // the methods of the path: "GET, PUT"; "" : no such path
    };

    // `steps` are the decoded segments of the path. Literal segments win over parameters.
    Match match(const std::string& method, const std::vector<std::string>& steps) const;

private:
    std::map<std::size_t, std::vector<const Route*>> routes_; // by number of steps
};

} // namespace trueup::sandbox
