"""What a game developer tests a game with: peers in one process, whose hosts are lost."""
