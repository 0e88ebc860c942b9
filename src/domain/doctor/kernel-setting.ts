/** The command that sets a parameter of the kernel now and at every boot: https://man7.org/linux/man-pages/man5/sysctl.d.5.html */
export function setKernel(parameter: string, value: number): string {
  return `echo '${parameter}=${value}' | sudo tee -a /etc/sysctl.d/50-magos.conf && sudo sysctl --system`
}

/** The command that lets ordinary users listen on this port and those above: https://docs.kernel.org/networking/ip-sysctl.html */
export function openPort(port: number): string {
  return setKernel('net.ipv4.ip_unprivileged_port_start', port)
}
