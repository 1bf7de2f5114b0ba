#include "protocols/mip6/binding_error_sender.h"

#include "protocols/mip6/binding_status.h"

namespace kamesim {

std::optional<BindingError> BindingErrorSender::on_unknown_binding(Time now, const Ipv6Address& source,
                                                                   const Ipv6Address& home_address) {
  return limited(now, source, {kUnknownBindingForHomeAddress, home_address});
}

std::optional<BindingError> BindingErrorSender::on_unrecognized_mh_type(
    Time now, const Ipv6Address& source, const std::optional<Ipv6Address>& home_address) {
  return limited(now, source, {kUnrecognizedMhType, home_address.value_or(kUnspecified)});
}

std::optional<BindingError> BindingErrorSender::limited(Time now, const Ipv6Address& source,
                                                        const BindingError& error) {
  if (source.is_multicast() || source.is_unspecified()) return std::nullopt;  // RFC 6275 §9.3.3
  if (!bucket_.take(now)) return std::nullopt;
  return error;
}

}  // namespace kamesim
