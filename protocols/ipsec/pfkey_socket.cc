#include "protocols/ipsec/pfkey_socket.h"

namespace kamesim::ipsec {

PfKeyLayer::PfKeyLayer(IpsecKernel& ipsec)
    : ipsec_(ipsec), kernel_(ipsec.keys()),
      delivery_(Timer::to<&PfKeyLayer::deliver>(ipsec.stack().node(), *this)) {
  kernel_.on_output = [this] {
    if (!delivery_.armed()) delivery_.arm_in(Duration{});
  };
}

void PfKeyLayer::deliver() {
  for (const PfKeyKernel::Delivery& delivery : kernel_.take()) {
    const auto handler = handlers_.find(delivery.to);  // it may have been closed meanwhile
    const auto message = pfkey::parse(delivery.message);
    if (handler != handlers_.end() && message) handler->second->on_pfkey(*message);
  }
}

PfKeySocket::PfKeySocket(PfKeyLayer& layer, PfKeyHandler& handler) : layer_(layer), id_(layer.kernel_.open()) {
  layer_.handlers_.emplace(id_, &handler);
}

PfKeySocket::~PfKeySocket() {
  layer_.handlers_.erase(id_);
  layer_.kernel_.close(id_);
}

void PfKeySocket::send(Bytes message) {
  layer_.kernel_.receive(layer_.ipsec_.stack().now(), id_, message);
  layer_.ipsec_.reschedule();
}

}  // namespace kamesim::ipsec
